-- What this run read by its own path is published with it: nobody has to ask for it again.
delete from ops.reread
using ops.code_read, ops.fetch_window
where
    reread.merchant_id = %(merchant_id)s
    and code_read.merchant_id = %(merchant_id)s
    and reread.order_id = code_read.order_id
    and code_read.window_id = fetch_window.window_id
    and fetch_window.dag_id = %(dag_id)s
    and fetch_window.run_id = %(run_id)s;
