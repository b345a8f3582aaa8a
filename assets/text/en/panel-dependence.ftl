panel-dependence = Dependence
    .help = What codes tell of each other. Look for layers whose code follows from the one before, which cost bits and say nothing new, and for codes that only repeat
dependence-shows = What the codes of neighbouring layers and frames tell of each other
dependence-counting-runs = Counting runs
dependence-counting-pairs = Pairs of codes are being counted
dependence-of-what = Layer { $layer }, the codes of { GROUPED($n) } frames
# What stands small behind a figure.
dependence-of-own = of { $bits } own
dependence-by-chance = by chance { $share }
dependence-longest = longest { $frames }
# What the entropies say of the layer.
dependence-first-layer = The first layer has none before it: its bar is its own entropy alone
dependence-no-frame = No frame has a code in this layer and the one before it
dependence-one-code = Layer { $layer } has one code for all frames, so that it tells nothing
dependence-verdict = The code of layer { $before } tells { $share } of what layer { $layer } says, beyond what chance makes of so few frames
# The entropies.
dependence-entropies = Entropy of each layer, and given the layer before
dependence-layers-axis = Layers, each of which quantizes what the ones before left over
dependence-bits-axis = Bits a frame
dependence-own = own entropy
dependence-given = given the layer before
dependence-shuffled = shuffled
    .help = What the same codes give when they are shuffled among the frames: bars well below it are real
dependence-shuffled-line = shuffled among the frames
dependence-not-counted = Not counted yet
dependence-read-own = Own entropy
dependence-read-given = Given the layer before
dependence-read-shuffled = The same, shuffled
dependence-read-shared = Shared beyond chance
dependence-bits = { $bits } bits
# How long codes stay the same.
dependence-runs = Run lengths of layer { $layer }
dependence-length-axis = Length in frames
    .help = For how many frames in a row the code stays the same; the last bar holds longer ones too
dependence-runs-axis = Share of runs
dependence-run = { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } of one code
dependence-run-or-longer = { GROUPED($n) } { $n ->
    [one] frame
   *[other] frames
    } or more of one code
dependence-read-runs = Runs
dependence-run-count = { GROUPED($n) } { $n ->
    [one] run
   *[other] runs
    } ({ $share })
# Which code follows which.
dependence-pairs = Which code follows which, layer { $layer }
dependence-no-pairs = No code follows another: every clip is one frame long
dependence-next-axis = Code behind, by rank
    .help = The code of the next frame: by how much they are used, the most used first
dependence-code-axis = Code, by rank
    .help = The code of a frame: by how much they are used, the most used first. Click to select it
dependence-ramp = Colour: how often the pair occurs, on a log scale. Pairs that never occur are left in the colour of nothing
dependence-pair = { $first }, then { $second }
# Several codes, and how many more there are than those that are named.
dependence-codes = Codes { $codes }
dependence-codes-more = Codes { $codes } and { $more } more
dependence-comma = {", "}
dependence-occurs = Occurs
dependence-times = { GROUPED($n) } { $n ->
    [one] time
   *[other] times
    } ({ $share })
