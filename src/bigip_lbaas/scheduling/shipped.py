"""The placement policies that come with us; pyproject.toml offers the same by entry point."""

from types import MappingProxyType

from bigip_lbaas.domain.placement import LOWEST_SCORE
from bigip_lbaas.scheduling.lowest_price import LowestPrice
from bigip_lbaas.scheduling.lowest_score import LowestScore
from bigip_lbaas.scheduling.ranking import Policies

LOWEST_PRICE = "lowest-price"

SHIPPED: Policies = MappingProxyType({LOWEST_SCORE: LowestScore(), LOWEST_PRICE: LowestPrice()})
