-- The file of this very person, while it has not expired.
select
    upload.upload_id,
    upload.merchant_id,
    merchant.name as merchant_name,
    upload.file_name,
    upload.file_sha256,
    upload.body,
    upload.created_at,
    upload.accepted_at
from ops.upload
inner join core.merchant on upload.merchant_id = merchant.merchant_id
where
    upload.upload_id = %(upload_id)s
    and upload.kind = %(kind)s
    and upload.actor = %(actor)s
    and upload.expires_at > %(now)s;
