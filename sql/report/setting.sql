select value
from ops.setting
where name = %(setting)s;
