select
    part,
    cursor
from ops.cursor
where source = %(source)s;
