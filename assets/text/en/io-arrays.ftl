# What is wrong with arrays, and what is told of how they were read. Shapes and types are written as in the file.
array-no-values = the array has no values: its shape is { $shape }
array-missing = an array is missing
array-no-features = an array of shape { $shape } cannot be features; save it as [frames, dimensions]
array-no-codes = an array of shape { $shape } cannot be codes; save it as [layers, frames]
array-flat-features = an array of shape { $shape } cannot be features; reshape it to [frames, dimensions]
array-no-whole-frames = the numbers are no whole frames of { $dim } dimensions
array-too-many-codes = there are more codes than can be counted
array-layers-differ = { $name } has { $layers } layers, but what came before has { $expected }
array-taken-for-clips = An array of shape { $shape } was taken for { $clips } clips of { $layers } layers and { $frames } frames; what else it can be is said with --time-axis, or by a model
array-layers-at-rates = The layers tell of frames at different rates ({ $counts } codes): each code is counted once, at the first of the frames that it covers
array-either-first = Either axis of an array of shape { $shape } could count layers; its first one was taken for time (--time-axis says otherwise)
array-either-second = Either axis of an array of shape { $shape } could count layers; its second one was taken for time (--time-axis says otherwise)
# A few names of arrays, of which there are `n` more.
array-names-more = { $names } and { $n } more
array-other-data = this file holds { $names } beside { $left_out }, which could be data as well; say what is wanted of it with --as features or --as codes
array-left-out = Of this file { $names } was read, { $left_out } was left out
array-versions-of-codes = every clip of this file has arrays of the names { $names }, and which of them is wanted cannot be told; keep one of them, or call it codes
array-versions-of-features = every clip of this file has arrays of the names { $names }, and which of them is wanted cannot be told; keep one of them, or call it features
array-whole-wanted = Whole numbers were taken for features, since frames are wanted here; --as codes reads them as codes
array-whole = Every number is whole, as if these were codes: they were taken for features; --as codes reads them as codes
array-real-code = value number { $at } is { $value }, which is no code: these are real numbers
# Ids that are no codes.
array-no-code = layer { $layer }, frame { $frame }: { $id } is no code; --ignore { $id } leaves such places out
array-no-code-of-codebook = layer { $layer }, frame { $frame }: { $id } is no code of a codebook of { $limit }; --ignore { $first } leaves such places out, or the codebook has more codes
array-nothing-but-none = there is no code in this file, only what stands for none
array-frames-cut = { $cut } frames at the ends of clips have no code in any layer and were cut off
array-none-in-places = { $id } stands for no code in { $n } { $n ->
    [one] place
   *[other] places
    }, and is not counted
array-none-in-every-layer = { $id } stands for no code in { $n } { $n ->
    [one] place
   *[other] places
    }, as many in every layer, and is not counted
array-none-by-layer = { $id } stands for no code in { $n } { $n ->
    [one] place
   *[other] places
    } ({ $layers }), and is not counted
# How many there are in each layer; `before` are those of the layers before.
array-layer-count = layer { $layer }: { $count }
array-layer-counts = { $before }, layer { $layer }: { $count }
array-layer-counts-more = { $before }, ...
# Layers that are late, as in a delay pattern: `delays` are numbers of frames.
array-delayed = The layers are late by { $delays } frames, as in a delay pattern: codes of one frame do not stand in one column; --delay moves them there
array-no-delay = no delay pattern is seen in these codes; say by how many frames each layer is late: --delay 0,1,2,3
array-delay-of-others = --delay gives { $given } layers, but these codes have { $layers }
array-delay-undone = The delay of the layers, { $delays } frames, was made good
# Ids that were shifted so that every layer has a range of its own, `step` ids wide, the first of them from `base` on.
array-flattened = The ids repeat after { $count } places, each with a range of its own ({ $step } wide): these look like flattened layers; --offsets undoes that
array-flattened-from = The ids repeat after { $count } places, each with a range of its own ({ $step } wide from { $base } on): these look like flattened layers; --offsets undoes that
array-shifted = Every layer has a range of ids of its own ({ $step } wide): these look shifted by layer; --offsets undoes that
array-shifted-from = Every layer has a range of ids of its own ({ $step } wide from { $base } on): these look shifted by layer; --offsets undoes that
array-no-shift = no shift by layer is seen in these codes; give it as --offsets STEP,BASE, or leave --offsets out
array-outside-of-layer = layer { $layer }, frame { $frame }: the id { $id } lies outside of { $first } to { $last }, which --offsets gives to this layer
array-shift-undone = The shift of ids by layer was undone: { $step } from layer to layer, beginning at { $base }
array-no-frame-of-slots = no clip is as long as one frame of { $count } slots
array-slots-cut = { $cut } ids at the ends of clips make no whole frame of { $count } slots and were cut off
# What a container of tensors is where it is nothing that was wanted. `found` is one of those that begin with `array-holds`.
array-codebooks-or-clips = These arrays have the shapes of codebooks and of clips of features alike, and were taken for codebooks; --as features reads them as clips
array-only-tensor = the only tensor, { $name }, is of type { $dtype }, which is neither features nor codes
array-codes-not-in-file = there are no codes in this file; it holds { $found }
array-features-not-in-file = there are no features in this file; it holds { $found }
array-holds-nothing = no tensor at all
array-holds-one = one tensor, { $names }
array-holds-few = { $n } tensors, { $names }
array-holds-many = { $n } tensors, such as { $names }
array-holds-name-of-model = no tensor at all, only the name of the model it stands for, { $model }; open that one's own file
array-holds-lora = LoRA weights, which change a base model that is another file; the quantizer is in that one
array-holds-fsq = a finite scalar or lookup-free quantizer (FSQ, LFQ), which has no codebook: its codes are rounded numbers; open the codes by themselves
# JSON. `problem` is what its parser says.
array-json-unreadable = this JSON cannot be read: { $problem }
array-json-small-parts = this JSON cannot be read: it is made of very many small parts; save arrays as .npz
array-json-small-parts-at = this JSON cannot be read: it is made of very many small parts; save arrays as .npz at line { $line } column { $column }
array-json-no-corpus = no arrays of this JSON file make one corpus of codes or features; give {"{"}"codes": [[..], ..]{"}"} for each clip
array-json-mixed = Lists of numbers and other things were left out: { $first }
array-json-mixed-more = Lists of numbers and other things were left out: { $first } and { $n } more
# Audio that has to be decoded. `format` is the name of a container, `words` is what its decoder says.
array-audio-one-frame = this is not audio: one frame of it is not followed by another
array-audio-behind-tag = behind the ID3 tag there is no audio of a known kind (FLAC, Ogg, MP4, AIFF, AAC, MP3)
array-audio-behind-tags = there is no audio behind its first { $n } tags
array-audio-none = there is no audio in this { $format } file
array-audio-channels = its header tells of { $channels } channels; at most { $most } are read
array-audio-another-stream = another stream follows in this file, which is not read
array-audio-no-samples = there is no audio in it: the file has no samples
array-audio-no-packet = none of its { $n } packets can be decoded; the file is damaged
array-audio-damaged = { $n } { $n ->
    [one] packet
   *[other] packets
    } could not be decoded and were passed over; the file is damaged
array-audio-missing = samples are missing: the header tells of { $declared }, but { $heard } could be read; the file is damaged or cut short
array-audio-cut-short = the file is cut short: it ends before its first sample ({ $format })
array-audio-unsupported = this kind of { $format } is not read ({ $words }); convert it to WAV or FLAC
array-audio-beyond = this { $format } file goes beyond what can be right ({ $words })
array-audio-bad = this { $format } file is damaged ({ $words })
