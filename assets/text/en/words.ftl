semicolon = {"; "}
unit-db = dB
unit-dimensions = dimensions
unit-standard-deviations = standard deviations
unit-frames = frames
unit-frames-a-batch = frames a batch
unit-codes = codes
unit-rows = rows
unit-steps = steps
unit-of-the-length-a-step = of the length a step
unit-hz = Hz
unit-samples = samples
unit-nats = nats
unit-kbit-s = kbit/s
unit-bits = bits
unit-per-element = per element
unit-squared-distance = squared distance
unit-bits-a-frame = bits a frame
unit-bit = bit
unit-s = s
unit-percent = %
unit-x-even = x N/K
unit-x-even-size = x C/K
# Numbers of things: `n` of them.
count-codes = { GROUPED($n) } { $n ->
    [one] code
   *[other] codes
    }
count-findings = { GROUPED($n) } { $n ->
    [one] finding
   *[other] findings
    }
count-frames = { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    }
count-layers = { GROUPED($n) } { $n ->
    [one] layer
   *[other] layers
    }
count-runs = { GROUPED($n) } { $n ->
    [one] run
   *[other] runs
    }
# Which one: layers, codes and steps are called by their numbers.
layer-n = Layer { $layer }
code-n = Code { $code }
# Words that stand alone, as on an axis or at the head of a column.
word-layer = Layer
word-code = Code
word-step = Step
word-frame = Frame
word-frames = Frames
word-training = training
word-held-out = held-out
button-cancel = Cancel
