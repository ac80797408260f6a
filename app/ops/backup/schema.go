package backup

// schemaSQL gives every object of the users' schemas with the lines of its
// definition. It runs with an empty search path, so that names are written in
// full. Positions of columns are counted anew, because a restored table has
// no dropped ones in between.
const schemaSQL = `
with spaces as (
	select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
), relations as (
	select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relpersistence
	from pg_class c join spaces n on n.oid = c.relnamespace
	where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relpersistence <> 't'
	and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
)
select name as object, concat_ws(' ', 'relation', relkind, relpersistence) as line from relations
union all
select r.name, concat_ws(' ', 'column', row_number() over (partition by r.oid order by a.attnum), a.attname,
	format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.relkind <> 'S'
union all
select r.name, concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid))
from relations r join pg_constraint k on k.conrelid = r.oid
union all
select r.name, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid)
from relations r join pg_index i on i.indrelid = r.oid
union all
select r.name, pg_get_triggerdef(t.oid) from relations r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
union all
select r.name, pg_get_viewdef(r.oid) from relations r where r.relkind in ('v', 'm')
union all
select r.name, concat_ws(' ', 'sequence', format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle)
from relations r join pg_sequence q on q.seqrelid = r.oid
union all
select 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid)
from pg_proc p join spaces n on n.oid = p.pronamespace
where p.prokind in ('f', 'p')
and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select 'type ' || e.enumtypid::regtype, row_number() over (partition by e.enumtypid order by e.enumsortorder) || ' ' || e.enumlabel
from pg_enum e join pg_type t on t.oid = e.enumtypid join spaces n on n.oid = t.typnamespace
where not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')`

// behindSQL lists the sequences that count up for a column of whole numbers, to
// see whether their next value is taken already.
const behindSQL = `
select n.nspname, c.relname, a.attname, sn.nspname, sc.relname
from pg_class sc
join pg_namespace sn on sn.oid = sc.relnamespace
join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = sc.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
join pg_class c on c.oid = d.refobjid and c.relkind = 'r' and c.relpersistence <> 't'
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
join pg_sequence q on q.seqrelid = sc.oid
where sc.relkind = 'S' and q.seqincrement > 0 and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)`
