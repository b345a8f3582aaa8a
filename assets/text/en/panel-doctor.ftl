panel-doctor = Doctor
    .help = What is wrong with the run, the worst first: what was measured against which bound, why it matters, and what to change. A repair, or a training with other parameters, starts from here
# While there is nothing to list.
doctor-examining = Examining the run
    .text = Rows are compared and frames are looked at
doctor-silent = Nothing stands out
    .text = Every check that has its evidence is silent
    .later = Every check that has its evidence is silent; rows and frames are looked at when training pauses or ends
# How many findings there are of each severity.
doctor-count-severe = { $n } severe
doctor-count-warnings = { $n } { $n ->
    [one] warning
   *[other] warnings
    }
doctor-count-notes = { $n } { $n ->
    [one] note
   *[other] notes
    }
doctor-count-and = { $before }, { $next }
doctor-count-later = { $counted }; rows and frames are looked at when training pauses or ends
# On a finding.
doctor-check = { $why }

    Bound: `{ $bound }`

    Id: { $id }
doctor-measured = Measured: { $measured }
doctor-change = Change: { $remedy }
# What can be done.
doctor-repair = Repair
doctor-repair-help = To { $fixes }. It is kept only if held-out frames do no worse, as a run beside this one: `Ctrl+Z` takes that away again
doctor-repair-then = { $before }; then to { $fix }
doctor-repair-all = Repair all
doctor-repair-all-help = One after the other: { $fixes }. It is kept only if held-out frames do no worse, as a run beside this one: `Ctrl+Z` takes that away again
doctor-retrain = Retrain with { $changes }
doctor-retrain-help = Train as this run was trained, but with { $changes }; a loaded model from its codebooks, where they fit. A training under way ends
doctor-copy-command = Copy command
doctor-copy-command-help = The same on the command line, which writes a file:

    { $command }
doctor-show = Show
    .error = Select it and go to Error
    .usage = Select it and go to Usage
    .layers = Select it and go to Layers
    .dead = Select it and go to Dead codes
    .codebook = Select it and go to Codebook
    .data = Select it and go to Data
# While a repair is under way.
doctor-repairing = Repairing: { $stage }
doctor-repairing-begins = Repairing: getting ready
doctor-give-up-help = Give it up: the run stays as it is
# What a repair did.
doctor-tried = What the repair did
    .help = On frames that no fix was worked out from; the run's own figures are of the same frames as those of the run that it came from. `Ctrl+Z` goes back to that one, which is still in the Runs panel
doctor-tried-before = before
doctor-tried-after = after
doctor-tried-snr = SNR, dB
    .help = Signal-to-noise ratio behind all layers
doctor-tried-used = Used codes
    .help = Codes that frames chose, over all layers
doctor-tried-rare = Rare codes
    .help = Codes below 0.1 of an even code's frames, over all layers
doctor-tried-bits = Bits
    .help = Entropy of the codes in bits a frame, over all layers
doctor-tried-kept = { $fix }: { GROUPED($n) } { $n ->
    [one] row
   *[other] rows
    }, kept
doctor-tried-not-kept = { $fix }: { GROUPED($n) } { $n ->
    [one] row
   *[other] rows
    }, not kept
doctor-tried-to = To { $title }
doctor-tried-figure = { $figure }: { $before } → { $after }
