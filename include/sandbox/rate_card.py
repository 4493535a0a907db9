"""The price list of the world's warehouses, as the operator keeps it: in force since before the first return."""

import datetime as dt

from include.sandbox.span import Span

HEAD = "merchant,warehouse,term,per,code,amount,valid_from,name_ru,name_kk,name_en"
PRICES = (
    "*,*,collection,event,,450,{day},,,",
    "*,*,receiving,event,,120,{day},,,",
    "*,*,inspection,event,,250,{day},,,",
    "*,*,inspection,event,qc,150,{day},,,",
    "*,*,repair,event,,300,{day},,,",
    "*,*,repair,minute,,45,{day},,,",
    "*,*,packaging,event,,80,{day},,,",
    "*,*,packaging,minute,,25,{day},,,",
    "*,*,packaging,piece,box,210,{day},коробка,қорап,box",
    "*,*,packaging,piece,film,35,{day},плёнка,пленка,film",
    "*,*,packaging,piece,label,15,{day},этикетка,жапсырма,label",
    "*,*,parts,piece,battery,4200,{day},аккумулятор,аккумулятор,battery",
    "*,*,parts,piece,button,650,{day},кнопка,түйме,button",
    "*,*,parts,piece,fastener,240,{day},крепёж,бекіткіш,fastener",
    "*,*,storage,day,,30,{day},,,",
    "*,W2,storage,day,,24,{day},,,",
    "*,*,storage,day,,36,{raised},,,",
    "*,*,channel_fee,share,main,12%,{day},,,",
    "*,*,channel_fee,share,resale,12%,{day},,,",
    "*,*,channel_fee,share,off_kaspi,0%,{day},,,",
    "*,*,write_off,event,,180,{day},,,",
)


def rate_card_csv(span: Span) -> str:
    """Return the list as the file an operator loads; a day of storage got dearer half-way through history."""
    day = span.begin.date() - dt.timedelta(days=7)
    raised = span.begin.date() + (span.start_of_life - span.begin) / 2
    return "\n".join((HEAD, *(price.format(day=day, raised=raised) for price in PRICES))) + "\n"
