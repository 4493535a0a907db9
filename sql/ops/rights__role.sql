-- Whether the application's role is there, and whether who asks could make it.
select
    coalesce(bool_or(rolname = 'qaitarym_app'), false) as here,
    coalesce(bool_or(rolname = current_user and (rolcreaterole or rolsuper)), false) as may_create
from pg_catalog.pg_roles;
