"""Constants of the forecast that were chosen and are no parameters: unit and evidence of each.

Evidence names a section of benchmarks/RESULTS.md, or a commit that says what was tried.
"Convention": from the literature. "Not tuned": a guard or a round number; no alternative was
measured. All others were chosen on months before the held-back ones when their part was written
(commit 7ddb73e; level shifts 16f1387, plausibility 86ae4c5); no script repeats that choice.
"""

from typing import Any

# History and kinds of demand
PATCHY_ZEROS = 0.1  # share of months without a sale above which a series is patchy
INTERMITTENT_ZEROS = 0.4  # from which it is intermittent: mean, not median, and squared errors

# Seasonal indices, shrunk to the panel's
# of the panel's profile that a series without evidence takes. Checked in commit 4f9d3f3
SEASON_PANEL_SHARE = 0.8
# share of the series' own excess variance in the prior variance, the rest is the panel's median
SEASON_OWN_VARIANCE = 0.5
SEASON_MIN_VARIANCE = 1e-4  # in shares of the level squared. Not tuned: a perfect past is luck
SEASON_USUAL_VARIANCE = 0.05  # of a month around its index where no series has enough years
SEASON_MIN_REPEATS = 6  # repeated months from which a series' own noise is estimated. Not tuned
SEASON_F = 1.7  # F of 11 and 60 degrees of freedom at 10 %: own season above it. Convention
SEASON_BOUNDS = (-0.95, 5.0)  # of a relative index. Not tuned: keeps factors positive

# Exponential smoothing
# grid of the level's smoothing
LEVEL_ALPHAS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)
LEVEL_START = 6  # months whose mean starts a level
# weight of a parameter = SSE ** (-n / 4), half of the likelihood's exponent: errors are not
# independent
LEVEL_POWER = 0.25
THETA_SLOPE = 0.5  # of the linear trend: lines 0 and 2. Convention (Hyndman and Billah 2003)
TREND_ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)  # grid of the damped trend: level
TREND_BETAS = (0.02, 0.1, 0.25)  # trend
TREND_PHIS = (0.8, 0.9, 0.96)  # damping
# months added up. Convention: the divisors of a year (Kourentzes et al. 2014)
AGGREGATION_SPANS = (1, 2, 3, 4, 6, 12)
AGGREGATION_SLOPE = 0.25  # share of the linear trend
THETA_ALPHAS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95)  # grid of the dynamic Theta's smoothing
THETA_LINES = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0)  # grid of theta
THETA_START = 3  # months whose mean starts the level, and before which no error counts
THETA_POWER = 0.5  # weight of a parameter = SSE ** (-n / 2): the likelihood. Not tuned
WINTERS_ALPHAS = (0.03, 0.1, 0.2, 0.35, 0.5, 0.7)  # grid of Holt-Winters: level
WINTERS_TRENDS = ((0.0, 1.0), (0.03, 0.95), (0.15, 0.95))  # trend and its damping
WINTERS_GAMMAS = (0.02, 0.08, 0.2, 0.4)  # season
# weight of a parameter = SSE ** (-n / 2): the likelihood; a prior over the grid gained 0.0 %
# (RESULTS.md, Tried without gain)
WINTERS_POWER = 0.5
WINTERS_MIN_LEVEL = 1e-6  # in sizes of the series, where the season is a factor. Not tuned
WINTERS_SEASON_BOUNDS = (0.02, 10.0)  # of a seasonal factor. Not tuned
# grid of the smoothing of a sale's size, and in TSB of its probability
INTERMITTENT_ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.3)

# Silence after a short history: grid of the beta-geometric/beta-Bernoulli model
SILENCE_CHANCES = (0.1, 0.25, 0.5, 0.75, 0.9)  # mean share of months with a sale. Not tuned
SILENCE_STRENGTHS = (1.0, 3.0)  # of it, in months. Not tuned
# mean chance to end after a month, and its strength in months. Not tuned; what it does:
# RESULTS.md, Series that hardly began
SILENCE_ENDS = (0.02, 0.1, 0.3)
SILENCE_END_STRENGTHS = (0.3, 1.0, 10.0)

# Autoregressions
PANEL_LAGS = 13  # months. Not tuned: a year and a month
PANEL_LAGS_LONG = 24  # months, where histories are long
LONG_HISTORY = 96  # months of a long history
PANEL_ORIGINS = 30  # latest months from which a panel's equations are learnt
PANEL_EXAMPLES = 6000  # examples of an equation; more cost time and change little
PANEL_LIMIT = 3.0  # sizes that a month may lie from the mean of the last year
PANEL_ROUNDS = 6  # of reweighting towards absolute errors
PANEL_MIN_ERROR = 0.02  # size below which an error counts no more for being smaller
PANEL_RIDGE = 1e-5  # share of the examples' weight. Not tuned: keeps equations solvable
SEED = 20260601  # of every draw of examples. Not tuned
OWN_LAGS = (1, 2, 3, 6)  # months
OWN_PRIOR_MONTHS = 20.0  # months that the panel's coefficients count for
OWN_LIMIT = 4.0  # sizes that a month may lie from its mean of two years
OWN_MIN_VARIANCE = 1e-4  # of a series' months, in sizes squared. Not tuned

# Regression and drivers
HALF_LIFE = 18.0  # months after which a month counts half; a setting of `candidates.regression`
TREND_PRIOR = 0.10  # prior standard deviation of the trend in a year, as a share of the mean
MONTH_PRIOR = 0.30  # prior standard deviation of a calendar month, as a share of the mean
MONTH_NOISE = 0.15  # standard deviation of a month, share of the mean, before there are two years
MIN_MONTH_NOISE = 0.05  # of the mean: below this the shrinkage no longer matters. Not tuned
# of a driver within a history: below it the series says nothing about it. Not tuned
MIN_DRIVER_SPREAD = 1e-6
DRIVER_DIFFERENCE = 0.5  # of the month before, taken off each month. Commit 6db8676, earlier months
# of effects given the other drivers' and of how far they spread. Not tuned: no change after
DRIVER_ROUNDS = 3
# of a series' mean, under the level by which its months are divided. Commit 6db8676
DRIVER_MIN_LEVEL = 0.1
DRIVER_MIN_NOISE = 0.02  # of a month around its model, as a share of the mean. Not tuned
DRIVER_MIN_SERIES = 3  # below which how far they differ is not learnt. Not tuned
# of the variance over months, which are few. RESULTS.md, Do effects of drivers hold
DRIVER_VARIANCE_FACTOR = 1.3
DRIVER_MIN_LEFT = 0.2  # of a month's residual that the fit leaves, where it is left out. Not tuned
DRIVER_COLLINEAR = 1e-6  # of their evidence, below which drivers say the same. Not tuned
# standard deviation between series in what a usual change of a driver does, as a share of the mean.
# Commit 6db8676
DRIVER_MAX_SPREAD = 0.3
DRIVER_MIN_SPREAD = 1e-6  # of the same. Not tuned
DRIVER_BOUNDS = (0.25, 4.0)  # of a usual month that drivers may make. Commit 6db8676

# Weekdays that sales are booked on
# t of another count than Monday to Friday. Simulated: passed by 0.7 % of panels of 25 months whose
# sales follow Monday to Friday, by 0.0 % of 37, 0.3 % of 60 months, and by no public panel
BOOKED_T = 5.0
BOOKED_RATIO = 1.25  # of its t to that of Monday to Friday. As above

# Simple candidates
TWO_YEARS_BOUNDS = (0.2, 5.0)  # times the year before last, to last year's level. Not tuned
ARIMA_SEASONAL_STRENGTH = 0.64  # for a seasonal difference. Convention (Wang et al. 2006)
ARIMA_ITERATIONS = 20  # of the likelihood's optimiser; more changes the forecasts little
STRUCTURAL_ITERATIONS = 50  # of the likelihood's optimiser, of a structural model. Not tuned

# Level shifts
SHIFT_WINDOW = 36  # latest months looked at
SHIFT_RECENT = 18  # months in which a shift may have been
SHIFT_MIN_AFTER = 3  # months since a shift
SHIFT_MIN_BEFORE = 9  # months before it
SHIFT_NEIGHBOURS = 2  # months on each side whose median a month is compared with
SHIFT_MAX_DEVIATION = 2.5  # standard deviations from that median, to which a month is clipped
SHIFT_MAX_AUTOCORRELATION = 0.8  # of errors from month to month
# standard errors. Simulated: passed by 1 % of series without a shift (`find_breaks`)
SHIFT_THRESHOLD = 5.0
SHIFT_MIN_SALE = 0.02  # of the mean month: a month of less has the logarithm of that
# times that earlier months are brought to a new level: a larger change of a few months may be noise
SHIFT_BOUNDS = (0.2, 2.0)
# of a shift, in logarithms, that is adjusted for. RESULTS.md, Tried without gain: all of it lost
# 0.5 and 0.1 %
SHIFT_SHARE = 0.5
# standard errors from which all of a shift is adjusted for, and a fall as far as to SHIFT_LOWEST.
# Chosen on made-up falls; 0.0 % on the public panels without their last twelve months
SHIFT_CERTAIN = 15.0
SHIFT_LOWEST = 1e-3  # times that earlier months are brought down to at most. Not tuned
SHIFT_MIN_STEP = 0.5  # of a step that a month must show to be one of those that it lasts for
SHIFT_MIN_NOISE = 0.01  # standard deviation in logarithms. Not tuned: a perfect past is luck
SHIFT_TREND_PRIOR = 0.15  # change in a year, in logarithms, that is likely without any shift

# Plausibility
RARE = 0.002  # share of the panel's years beyond whose growth or fall a forecast is rejected
MIN_GROWTH = 2.0  # times a year before that is always plausible: a calm past is no promise
UNKNOWN_GROWTH = 4.0  # likewise, where too few years were seen to say what is rare
MAX_GROWTH = 1000.0  # where years of next to nothing came before years of something. Not tuned
# times the most that a month may be, for the end of an interval. A guard: the widest of the public
# panels, without their last 12 months, reached 1.32
MAX_REACH = 2.0
YOUNG_MONTHS = 24  # below which a series has not shown its peak. Not tuned: two years

# Weights
# relative: errors closer than this are a tie, and the simpler and steadier candidate is the best
# single one. Not tuned
TIE = 0.01
MIN_CUTOFFS = 2  # cutoffs with an actual before weights are unequal
MIN_RELATIVE_ERROR = 0.05  # of the mean candidate's: a perfect past must not take all. Not tuned
# relative error of a candidate that no series was long enough to test: below 1, because those that
# need most months are among the best on long histories. Found on earlier months of twelve panels;
# here, histories of 25 months: MASE -1.8 %, better at 8 of 12 origins, longer ones unchanged
UNTESTED_ERROR = 0.7
# prior weights of candidates, 1 for all others. RESULTS.md, What a network that saw made-up series
# only brings
PRIOR_WEIGHTS = {"network": 2.0, "network_additive": 2.0, "network_own": 2.0}
LEVEL_PRIOR_SERIES = 10  # series at which a level's own mean and that of all levels count equally

# Boosting (the global residual model)
# largest share of the boosted median in the forecast. RESULTS.md, Tried without gain: 0.5 and 0.6
# gain 0.0 to 0.1 %; commit ab37ec6
BOOSTING_SHARE = 0.4
# likewise where demand is intermittent. RESULTS.md, Tried without gain: full strength
BOOSTING_SHARE_INTERMITTENT = 0.8
BOOSTING_PRIOR_SERIES = 50  # series at which the share is half of that. Commits a8265b7, 6e08dd8
BOOSTING_PRIOR_INTERMITTENT = 10  # likewise where demand is intermittent. Commit a8265b7
# relative rise of the backtest error from which boosting is left out. RESULTS.md, What each part
# brings: m3 -0.2 %, others 0.0; commit fb7fd76
BOOSTING_MAX_COST = 0.006
# factor on boosting's share where no cutoff could test it. Half on principle: on 25 months MASE is
# the same as with all of it, and 0.2 % worse without any
UNTESTED_TRUST = 0.5
ERROR_MONTHS = 24  # months: errors from which intervals are learnt
# months of history from which boosting is used. MASE with and without it: 1 month 1.46 and 1.32, 3
# months 1.32 and 1.17, 6 months 1.19 and 1.20, 9 months 1.08 and 1.09 (three panels, half of the
# series cut, two cutoffs)
BOOSTED_FROM = 6
BOOSTING_EXAMPLES = 20_000  # learnt from. RESULTS.md, Tried without gain: more; commit f2fa1b0
BOOSTING_MIN_EXAMPLES = 300  # below which nothing is learnt
BOOSTING_LAGS = (3, 6, 12)  # months ago at which the median's own misses are features
BOOSTING_LIMIT = 3.0  # sizes of the series that an example may lie from the candidates' median
BOOSTING_LIMIT_INTERMITTENT = 4.5  # likewise from their mean. Commit ab37ec6
# XGBoost's. RESULTS.md, Tried without gain: shallower trees, slower learning, sampled columns
BOOSTING_SETTINGS: dict[str, Any] = {
    "max_depth": 4,
    "learning_rate": 0.07,
    "min_child_weight": 50,
    "max_bin": 64,
    "tree_method": "hist",
    "nthread": 1,
    "seed": SEED,
    "verbosity": 0,
}

# Intervals
# share of a series' own errors in its scale at `ENOUGH_ERRORS` errors; the rest is its level's.
# RESULTS.md, Intervals of short histories
OWN_ERROR_SHARE = 0.8
SCALE_MONTHS = 8  # of errors behind the scale of a cutoff whose errors give widths. As above
MANY_CUTOFFS = 5  # from which all of them do. As above
ENOUGH_ERRORS = 12  # errors of a series, as above
NEIGHBOUR_HORIZONS = 2  # horizons on each side that share their errors
ERROR_PRIOR_SERIES = 10  # likewise for the relative errors behind the intervals
# of a month's mean, the least that past errors are divided by. A guard: a perfect past is luck. It
# changes no number of the public panels without their last 12 months
LEAST_SCALE = 0.01
FALLBACK_ERROR = 0.35  # error as a share of a month's mean where nothing was backtested
ENDED_LEVEL = 90  # percent: through it, what ended stays so. Commit d2d9fa3
MIN_KIND_ERRORS = 200  # errors of a kind of demand, to have widths of its own. Commit 8b432a8
WIDTH_ERRORS = 4000  # errors from which a width is read; more cost time and change little
