figure-replaced = Replaced
    .text = Codes that the update rule gave a new place in this step, because they counted as dead
panel-dead = Dead codes
    .help = Every code of a layer by its state. Dead has three meanings: unused in this window, below the threshold, unused in the whole corpus
dead-no-history = There is no history of steps
dead-below-over-steps = Codes below the threshold
dead-replaced-over-steps = Codes replaced in each step
dead-all-of-the-file = all of the file
dead-codes-alone = What is below the threshold or was replaced is not in codes alone: it needs the model that they came from, and its audio or features
# Beside colours.
dead-state-count = { $state }: { $count }
dead-replaced-count = replaced: { $count }, in the last
dead-one-state = Every code is in one state: the first that applies of replaced, unused, below threshold, not chosen, rare, alive
# Behind the number of steps that follows `dead-replaced-count`.
dead-recent-steps = {" "}steps
    .help = Codes replaced in this many of the last steps are shown as replaced
# Beside figures on the threshold.
dead-even = N/K = { $frames }
dead-expiry-from = from N/K
    .below = N/K is below the threshold as it is
    .never = never
dead-map = Codes of layer { $layer }
dead-map-help = One cell a code, row by row. Point at one to read it off, click it to select it in every panel, double-click it to go to the Code inspector
dead-map-name = Map of codes
# What is read off.
dead-code-state = Code { $code }: { $state }
dead-code-chosen = Chosen by { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } of { $frames }
dead-code-without-codebooks = Without the codebooks there is no EMA cluster size
dead-code-size = EMA cluster size c_k: { $size } frames a batch
dead-code-threshold = Threshold: { $threshold } frames a batch
dead-code-never-replaced = Never replaced
dead-code-replaced = Last replaced in step { $step }
dead-code-replaced-unknown = A loaded model does not say when it was replaced
