panel-sweep = Sweep
    .help = Plan a run for every combination of values and seeds; what each combination reaches, in SNR for the bits it takes, with its spread
sweep-none = No sweep yet
    .help = Choose a parameter and its values above, and press Sweep: the parameters on the left hold for all that is not swept
# What is swept.
sweep-add = Add a parameter
    .help = Sweep over one more parameter
sweep-seeds = Seeds
    .help = Each combination is trained with so many seeds, so that a difference can be told from chance
sweep-start = Sweep
    .help = Train every combination, one after another; what is not swept is as on the left
sweep-rule = Rule
sweep-parameter = The parameter that is swept
sweep-over = over
    .help = Its values, with commas between them
sweep-remove = Do not sweep over this parameter
# Runs that wait for their turn.
sweep-waits = { GROUPED($n) } { $n ->
    [one] run waits
   *[other] runs wait
    }
    .held = { GROUPED($n) } { $n ->
        [one] run waits, held
       *[other] runs wait, held
        }
sweep-go-on = Go on
    .help = Train what waits, one run after another
sweep-hold = Hold
    .help = Train no other run behind the one under way
sweep-give-up = Give up
    .help = Take all runs out that wait; those that were trained stay
# What came of it.
sweep-combination = Combination
    .help = The values of the parameters that are swept. Click to see its last run in every panel
sweep-done = Runs done
    .help = Seeds that were trained, of those that were planned
    .of = { $done } of { $planned }
sweep-bits = Bits a frame
    .help = The sum of the layers' entropies: what the codes of a frame carry
sweep-all-seeds = all seeds
sweep-rate = Rate and distortion, means and one standard deviation over seeds
sweep-spread = Spread of SNR
    .of = ± { $sd } dB over { $seeds } seeds
