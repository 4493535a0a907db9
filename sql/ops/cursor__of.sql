select cursor
from ops.cursor
where source = %(source)s;
