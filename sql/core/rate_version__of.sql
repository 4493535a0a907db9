select version
from core.rate_version
where sha256 = %(sha256)s;
