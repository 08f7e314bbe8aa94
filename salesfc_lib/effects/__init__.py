"""What the business assumes, in the open: a price rise from March, a lost customer, a known order, a product that ends.

`effects/<unit>.csv` and the ends that master files declare enter; forecasts of the stage `assumed` leave, and an account of
every effect. An override changes one published number; an effect changes what the models say before everything is made to add
up, stays until it ends or is taken back, and the forecast without it is kept. One question a file: `reading` says what people
wrote, `choosing` which effects a month's forecast may know, `applying` what they change.
"""

from salesfc_lib.effects.applying import apply_effects, intervals_with_effects, sum_gap
from salesfc_lib.effects.choosing import list_ends, select_effects
from salesfc_lib.effects.reading import list_heads, read_effects

__all__ = ["apply_effects", "intervals_with_effects", "list_ends", "list_heads", "read_effects", "select_effects", "sum_gap"]
