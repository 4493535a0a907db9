-- What an inspector is asked, and a second pair of eyes.

create table core.defect (
    category text not null check (category <> ''),
    code text not null check (code ~ '^[a-z0-9_]{1,40}$'),
    kind text not null check (kind in ('packaging', 'accessory', 'cosmetic', 'functional', 'hygiene')),
    finding text not null,
    repairable boolean not null default false,
    main_part boolean not null default false,
    "position" integer not null default 100,
    name_ru text not null,
    name_kk text not null,
    name_en text not null,
    active boolean not null default true,
    primary key (category, code)
);
comment on table core.defect is
'The checklist''s defects by category of core.product; * is asked of every category. A defect that is not asked for any
more is not active: old inspections still name it.';
comment on column core.defect.kind is
'packaging: new packaging mends it; accessory: a new one mends it; cosmetic: the goods show it; hygiene: they were used;
functional: they do not work.';

insert into core.defect (
    category, code, kind, finding, repairable, main_part, "position", name_ru, name_kk, name_en
)
values
(
    '*', 'box_dented', 'packaging', 'damaged_in_transit', false, false, 10, 'Коробка помята',
    'Қорап мыжылған', 'Box dented'
),
(
    '*', 'box_torn', 'packaging', 'damaged_in_transit', false, false, 11, 'Коробка порвана',
    'Қорап жыртылған', 'Box torn'
),
('*', 'box_missing', 'packaging', 'incomplete', false, false, 12, 'Нет упаковки', 'Қаптамасы жоқ', 'Box missing'),
('*', 'seal_broken', 'packaging', 'no_fault', false, false, 13, 'Пломба вскрыта', 'Пломбасы ашылған', 'Seal broken'),
(
    '*', 'manual_missing', 'accessory', 'incomplete', false, false, 20, 'Нет инструкции', 'Нұсқаулығы жоқ',
    'Manual missing'
),
(
    '*', 'accessory_missing', 'accessory', 'incomplete', false, false, 21, 'Нет аксессуара', 'Керек-жарағы жоқ',
    'Accessory missing'
),
(
    '*', 'main_part_missing', 'functional', 'incomplete', false, true, 22, 'Нет основной части', 'Негізгі бөлігі жоқ',
    'Main part missing'
),
('*', 'dent', 'cosmetic', 'damaged_in_transit', true, false, 30, 'Вмятина', 'Майысқан', 'Dent'),
('*', 'crack', 'cosmetic', 'damaged_in_transit', true, false, 31, 'Трещина', 'Жарық', 'Crack'),
('*', 'chip', 'cosmetic', 'damaged_in_transit', true, false, 32, 'Скол', 'Сынық', 'Chip'),
(
    '*', 'scratches', 'cosmetic', 'no_fault', false, false, 33, 'Царапины, потёртости',
    'Сызаттар, үйкелген жерлер', 'Scratches'
),
('*', 'stains', 'hygiene', 'no_fault', false, false, 34, 'Пятна, загрязнение', 'Дақ, кір', 'Stains'),
('*', 'smell', 'hygiene', 'no_fault', false, false, 35, 'Посторонний запах', 'Бөгде иіс', 'Smell'),
(
    'Наушники', 'no_power', 'functional', 'defective', true, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
(
    'Наушники', 'no_charge', 'functional', 'defective', true, false, 2, 'Не держит заряд', 'Заряд ұстамайды',
    'Does not hold a charge'
),
(
    'Наушники', 'one_side_silent', 'functional', 'defective', true, false, 3, 'Не играет одна сторона',
    'Бір жағы естілмейді', 'One side silent'
),
('Наушники', 'noise', 'functional', 'defective', true, false, 4, 'Посторонний шум', 'Бөгде шу', 'Noise'),
(
    'Наушники', 'ear_tips_used', 'hygiene', 'no_fault', false, false, 5, 'Амбушюры со следами носки',
    'Құлақшасы киілген', 'Ear tips worn'
),
(
    'Зарядные устройства', 'no_power', 'functional', 'defective', false, false, 1, 'Не заряжает',
    'Зарядтамайды', 'Does not charge'
),
('Зарядные устройства', 'overheats', 'functional', 'defective', false, false, 2, 'Греется', 'Қызады', 'Overheats'),
(
    'Зарядные устройства', 'cable_damaged', 'functional', 'defective', true, false, 3, 'Повреждён кабель',
    'Кабелі бүлінген', 'Cable damaged'
),
(
    'Клавиатуры и мыши', 'no_power', 'functional', 'defective', true, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
(
    'Клавиатуры и мыши', 'button_dead', 'functional', 'defective', true, false, 2, 'Не работает кнопка',
    'Түймесі істемейді', 'A button is dead'
),
(
    'Клавиатуры и мыши', 'no_connection', 'functional', 'defective', true, false, 3, 'Не подключается',
    'Қосылмай тұр', 'Does not connect'
),
(
    'Умные часы', 'no_power', 'functional', 'defective', true, false, 1, 'Не включаются',
    'Қосылмайды', 'Does not switch on'
),
(
    'Умные часы', 'no_charge', 'functional', 'defective', true, false, 2, 'Не держат заряд',
    'Заряд ұстамайды', 'Does not hold a charge'
),
(
    'Умные часы', 'screen_damaged', 'cosmetic', 'damaged_in_transit', true, false, 3, 'Повреждён экран',
    'Экраны бүлінген', 'Screen damaged'
),
('Умные часы', 'strap_worn', 'hygiene', 'no_fault', false, false, 4, 'Ремешок носили', 'Бауы тағылған', 'Strap worn'),
(
    'Портативные колонки', 'no_power', 'functional', 'defective', true, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
(
    'Портативные колонки', 'noise', 'functional', 'defective', true, false, 2, 'Хрипит, посторонний шум',
    'Қырылдайды, бөгде шу', 'Noise'
),
(
    'Портативные колонки', 'no_charge', 'functional', 'defective', true, false, 3, 'Не держит заряд',
    'Заряд ұстамайды', 'Does not hold a charge'
),
(
    'Роутеры', 'no_power', 'functional', 'defective', false, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
('Роутеры', 'no_network', 'functional', 'defective', false, false, 2, 'Нет сети', 'Желі жоқ', 'No network'),
(
    'Роутеры', 'port_dead', 'functional', 'defective', false, false, 3, 'Не работает порт',
    'Порты істемейді', 'A port is dead'
),
('Посуда', 'broken', 'functional', 'damaged_in_transit', false, true, 1, 'Разбита', 'Сынған', 'Broken'),
(
    'Посуда', 'coating_damaged', 'cosmetic', 'defective', false, false, 2, 'Повреждено покрытие',
    'Жабыны бүлінген', 'Coating damaged'
),
('Посуда', 'cooked_in', 'hygiene', 'no_fault', false, false, 3, 'В ней готовили', 'Тамақ пісірілген', 'Was cooked in'),
(
    'Постельное бельё', 'seam_open', 'functional', 'defective', true, false, 1, 'Расходится шов',
    'Тігісі сөгілген', 'Seam open'
),
('Постельное бельё', 'washed', 'hygiene', 'no_fault', false, false, 2, 'Стирали', 'Жуылған', 'Was washed'),
(
    'Светильники', 'no_power', 'functional', 'defective', true, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
(
    'Светильники', 'broken', 'functional', 'damaged_in_transit', false, true, 2, 'Разбит плафон',
    'Плафоны сынған', 'Shade broken'
),
('Светильники', 'was_mounted', 'cosmetic', 'no_fault', false, false, 3, 'Устанавливали', 'Орнатылған', 'Was mounted'),
(
    'Хранение вещей', 'part_missing', 'accessory', 'incomplete', false, false, 1, 'Не хватает деталей',
    'Бөлшектері жетпейді', 'Parts missing'
),
(
    'Хранение вещей', 'was_assembled', 'cosmetic', 'no_fault', false, false, 2, 'Собирали',
    'Құрастырылған', 'Was assembled'
),
(
    'Кухонные приборы', 'no_power', 'functional', 'defective', true, false, 1, 'Не включается',
    'Қосылмайды', 'Does not switch on'
),
('Кухонные приборы', 'was_used', 'hygiene', 'no_fault', false, false, 2, 'Пользовались', 'Қолданылған', 'Was used'),
('Декор', 'broken', 'functional', 'damaged_in_transit', false, true, 1, 'Разбит', 'Сынған', 'Broken'),
(
    'Детские куртки', 'seam_open', 'functional', 'defective', true, false, 1, 'Расходится шов',
    'Тігісі сөгілген', 'Seam open'
),
(
    'Детские куртки', 'zip_broken', 'functional', 'defective', true, false, 2, 'Сломана молния',
    'Сыдырмасы сынған', 'Zip broken'
),
('Детские куртки', 'worn', 'hygiene', 'no_fault', false, false, 3, 'Носили', 'Киілген', 'Was worn'),
(
    'Детские куртки', 'tag_missing', 'packaging', 'no_fault', false, false, 4, 'Нет бирки',
    'Заттаңбасы жоқ', 'Tag missing'
),
(
    'Детская обувь', 'glue_open', 'functional', 'defective', true, false, 1, 'Отклеилась подошва',
    'Табаны ажыраған', 'Sole open'
),
(
    'Детская обувь', 'worn', 'hygiene', 'no_fault', false, false, 2, 'Носили на улице',
    'Далада киілген', 'Was worn outdoors'
),
(
    'Детская обувь', 'pair_differs', 'functional', 'wrong_item', false, true, 3, 'Разные в паре',
    'Сыңарлары әртүрлі', 'Not a pair'
),
(
    'Платья для девочек', 'seam_open', 'functional', 'defective', true, false, 1, 'Расходится шов',
    'Тігісі сөгілген', 'Seam open'
),
('Платья для девочек', 'worn', 'hygiene', 'no_fault', false, false, 2, 'Носили', 'Киілген', 'Was worn'),
(
    'Платья для девочек', 'tag_missing', 'packaging', 'no_fault', false, false, 3, 'Нет бирки',
    'Заттаңбасы жоқ', 'Tag missing'
),
('Игрушки', 'does_not_work', 'functional', 'defective', false, false, 1, 'Не работает', 'Істемейді', 'Does not work'),
(
    'Игрушки', 'part_missing', 'accessory', 'incomplete', false, false, 2, 'Не хватает деталей',
    'Бөлшектері жетпейді', 'Parts missing'
),
('Игрушки', 'broken', 'functional', 'damaged_in_transit', false, true, 3, 'Сломана', 'Сынған', 'Broken'),
(
    'Рюкзаки', 'zip_broken', 'functional', 'defective', true, false, 1, 'Сломана молния',
    'Сыдырмасы сынған', 'Zip broken'
),
('Рюкзаки', 'seam_open', 'functional', 'defective', true, false, 2, 'Расходится шов', 'Тігісі сөгілген', 'Seam open'),
(
    'Комбинезоны', 'seam_open', 'functional', 'defective', true, false, 1, 'Расходится шов',
    'Тігісі сөгілген', 'Seam open'
),
(
    'Комбинезоны', 'zip_broken', 'functional', 'defective', true, false, 2, 'Сломана молния',
    'Сыдырмасы сынған', 'Zip broken'
),
('Комбинезоны', 'worn', 'hygiene', 'no_fault', false, false, 3, 'Носили', 'Киілген', 'Was worn');

-- An inspection that is drawn is repeated by another person who is told nothing of it.
create table core.second_look (
    inspection_id uuid primary key,
    unit_id uuid not null,
    merchant_id text not null,
    warehouse text not null references core.warehouse,
    drawn_at timestamptz not null,
    first_actor text not null,
    second_actor text check (lower(second_actor) <> lower(first_actor)),
    looked_at timestamptz,
    source text,
    event_id text,
    packaging_intact boolean,
    complete boolean,
    documents boolean,
    signs_of_use boolean,
    defects text[],
    grade text,
    finding text,
    route text,
    check ((second_actor is null) = (looked_at is null)),
    check ((second_actor is null) = (grade is null)),
    unique (source, event_id)
);
create index second_look_unit on core.second_look (unit_id);
create index second_look_undone on core.second_look (warehouse) where looked_at is null;
comment on table core.second_look is
'The drawn slice of inspections (inspection_id: the ledger''s event). It never changes the ledger: a difference is for a
supervisor.';

create view core.second_look_open as
select
    look.inspection_id,
    look.unit_id,
    look.merchant_id,
    look.warehouse,
    look.drawn_at,
    look.first_actor,
    unit.worked_by
from core.second_look as look
inner join ledger.unit on look.unit_id = unit.unit_id
where
    look.looked_at is null
    and unit.state in ('inspected', 'wrong_item', 'unrecoverable', 'qc', 'restock_pending')
    and not exists (
        select 1
        from ledger.unit_event as inspection
        inner join ledger.unit_event as later on inspection.unit_id = later.unit_id and inspection.seq < later.seq
        where
            inspection.event_id = look.inspection_id
            and (
                later.type in ('inspected', 'repacked', 'in_repair', 'repaired')
                or (later.type = 'voided' and later.payload ->> 'event_id' = look.inspection_id::text)
            )
    );
comment on view core.second_look_open is
'Second looks that can be taken now: the last inspection counts, and the goods are as it left them.';

create view core.second_look_pair as
select
    look.inspection_id,
    look.unit_id,
    look.merchant_id,
    look.warehouse,
    coalesce(product.category, 'unknown') as category,
    look.first_actor,
    look.second_actor,
    inspection.occurred_at as first_at,
    look.looked_at as second_at,
    inspection.payload ->> 'grade' as first_grade,
    look.grade as second_grade,
    inspection.payload ->> 'finding' as first_finding,
    look.finding as second_finding,
    inspection.payload ->> 'route' as first_route,
    look.route as second_route,
    (inspection.payload ->> 'signs_of_use')::boolean as first_signs_of_use,
    look.signs_of_use as second_signs_of_use,
    coalesce(inspection.payload ->> 'grade', '') <> coalesce(look.grade, '')
    or coalesce(inspection.payload ->> 'finding', '') <> coalesce(look.finding, '')
    or coalesce(inspection.payload ->> 'route', '') <> coalesce(look.route, '')
    or coalesce(inspection.payload ->> 'signs_of_use', '') <> coalesce(look.signs_of_use::text, '') as differs
from core.second_look as look
inner join ledger.unit_event as inspection on look.inspection_id = inspection.event_id
inner join ledger.unit on look.unit_id = unit.unit_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where look.looked_at is not null;
comment on view core.second_look_pair is 'Both looks at a unit side by side, for supervisors and for Cohen''s kappa.';

insert into ops.setting (name, value, meaning) values
('second_look_share', '0.05', 'this share of inspections is looked at again by another inspector, blind'),
('second_look_seed', '"qaitarym"', 'changes which inspections are drawn; the same seed draws the same ones'),
('void_minutes', '15', 'for so many minutes whoever recorded a step may void it; a supervisor always'),
('value_loss_permille_a_day', '5', 'a unit that is not on sale loses so much of its price a day');
