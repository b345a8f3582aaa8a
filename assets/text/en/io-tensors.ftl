# What is wrong with a file of tensors, and what a file that is written cannot hold.

# Several containers.
tensor-unknown = there is no tensor { $name }
tensor-axes = { $name } has { $axes } axes
tensor-beyond-file = { $name } reaches beyond the end of the file
tensor-header-entries = the header has far more entries than a sound file needs

# Pickles.
tensor-pickle-long = this pickle is { $len } bytes long, but at most { $most } are read; save its arrays with `np.savez`
tensor-pickle-cut = the pickle in this file is cut short
tensor-pickle-builds = the pickle in this file builds far more than a checkpoint of this size holds, so it is not read further
# `what` is one of those that follow.
tensor-pickle-broken = the pickle in this file has { $what }; the file is damaged
tensor-pickle-opcode = an instruction { $opcode } that is not known
tensor-pickle-item = an item of something that is no list
tensor-pickle-entry = an entry of something that is no dictionary
tensor-pickle-reference = a reference to nothing
tensor-pickle-order = references numbered out of order
tensor-pickle-class = a class without a name
tensor-pickle-key = a key without a value
tensor-pickle-lacks = an instruction that lacks what it is for
tensor-pickle-number = a number that is none
tensor-joblib-objects = this joblib file holds an array of objects, which is not read

# PyTorch.
tensor-legacy-long = the pickle in this file is longer than that of any checkpoint; the file is damaged
tensor-legacy-cut = the file ends inside its pickle; it is cut short
tensor-legacy-list = the file's list of storages is broken
tensor-repeats = { $name } repeats its numbers: it has { $count } but only { $stored } are stored; save it as `tensor.contiguous()`
tensor-shared = the tensors of this file share their numbers so often that they take over { $most } bytes; save them as `tensor.clone()`
tensor-shape-countless = { $name } has the shape { $shape }, which is beyond counting
tensor-shape-misfit = the shape { $shape } does not fit its values
tensor-numbers-missing = the numbers of { $name } are missing from the file; it is incomplete
tensor-beyond-storage = { $name } reaches beyond the end of its storage, which is { $len } bytes long; the file is damaged
tensor-storage-type = the storage { $name } is of an unknown type
tensor-impossible = a tensor in this file has sizes, steps, an offset or a storage that no tensor has; the file is damaged
tensor-audiocraft = this audiocraft file holds no tensors: it only points to the pretrained model { $pretrained }; open that model's own file instead, such as compression_state_dict.bin
tensor-pytorch-none = this PyTorch file holds no tensors; save a state_dict with `torch.save(model.state_dict(), path)`
tensor-pytorch-other = this PyTorch file holds no tensors, only { $keys }; save a state_dict with `torch.save(model.state_dict(), path)`

# safetensors.
tensor-extra-bytes = { $extra } bytes follow the last tensor
tensor-header-long = the header is { $len } bytes long, but at most { $most } are read
tensor-header-invalid = the header is not a valid safetensors header ({ $why })

# Checkpoints in parts.
tensor-index-long = the index is far longer than that of any checkpoint
tensor-index-invalid = this is no index of a checkpoint's parts ({ $why })
tensor-index-files = the index names { $n } files
tensor-index-elsewhere = the index names { $name }, which is no file beside it
tensor-part-missing = this checkpoint has { $parts } parts, of which { $first } is missing; all of them must lie in one folder
tensor-parts-missing = this checkpoint has { $parts } parts, of which { $first } and { $more } more is missing; all of them must lie in one folder
tensor-part-problem = { $part }: { $what }
tensor-part-nameless = { $part } holds no named tensors

# ONNX.
tensor-onnx-many = the graph has far more tensors than any has
tensor-onnx-external = the { $n } tensors of this ONNX graph lie in another file; save it in one with `onnx.save(onnx.load(path), "one.onnx")`
tensor-bytes-shape = { $name } has { $bytes } bytes for the shape { $shape }
tensor-onnx-broken = the protocol buffers in this ONNX file are damaged or cut short

# NeMo.
tensor-tar-none = this is a tar archive without a checkpoint in it; unpack it with `tar -xf` and open what is inside
tensor-tar-unknown = what is in this archive is no checkpoint that can be read
tensor-tar-broken = the headers in this tar archive are damaged

# GGUF.
tensor-gguf-version = this is version { $version } of GGUF, but 2 and 3 are read
tensor-gguf-overlap = the tensors of this file lie over each other
tensor-gguf-kind = the header has a value of the unknown kind { $kind }

# FAISS.
tensor-faiss-kind = this is a FAISS index of the kind { $kind }, whose quantizer is not read; in Python, `np.save("codebooks.npy", faiss.vector_to_array(index.pq.centroids))` or the like writes its codebooks
tensor-faiss-metric = this FAISS index searches by another measure than the Euclidean distance, which its codebooks are not read for
tensor-faiss-untrained = this FAISS index was never trained
tensor-faiss-beyond = the codebooks of this index reach beyond the end of the file
tensor-faiss-misfit = the sizes in this FAISS index do not fit each other; the file is damaged

# EnCodec streams.
tensor-ecdc-version = version { $version } of EnCodec's format is not known, or its header is damaged
tensor-ecdc-header = the header is not one that EnCodec writes ({ $why })
tensor-ecdc-packed = the codes of this file were packed by a language model, without which they cannot be read; compress without it
tensor-ecdc-layers = the header tells of { $n } layers
tensor-ecdc-codes = there are more codes than can be counted
tensor-ecdc-segments = The { $n } segments of this file overlap by a hundredth; each was taken for a clip
tensor-ecdc-model = how the model { $model } packs its codes is not known

# Writing into a copy of a checkpoint.
tensor-back-none = there is no quantizer in this file that another could take the place of
tensor-back-lacks = the checkpoint has no { $name }, so none is written
tensor-back-read-only = the checkpoint keeps its rows in a way that is only read ({ $family }); write the model to a file of its own with `rvqscope convert`
tensor-back-named = only the tensors that were named are written: where the trainer makes rows of sums beside them, its next step brings the old rows back
tensor-back-same = the codebooks are those of the checkpoint: the copy is the same
tensor-back-pieces = { $name } is compressed or in pieces, so it cannot be overwritten in place; write the model to a file of its own with `rvqscope convert`
tensor-back-derived = { $name } is not stored as it is used, so new rows cannot take its place; write the model to a file of its own with `rvqscope convert`
# `what` is one of those that follow.
tensor-back-refused = { $what }; a model of another shape can only be written to a file of its own, with `rvqscope convert`
tensor-back-layers = the model has { $new } layers, but the checkpoint's quantizer has { $old }
tensor-back-metric = the model measures distances as { $new }, but the checkpoint as { $old }
tensor-back-shape = layer { $layer } of the model has { $k } codes of { $d } dimensions, but { $old_k } of { $old_d } in the checkpoint
tensor-back-projections = the projections of layer { $layer } differ, and only codebooks are written back
tensor-back-transposed = layer { $layer } of the model has { $k } codes of { $d } dimensions, and the tensor that was named { $old_k } of { $old_d }, as if its rows lay the other way round: say --transposed
tensor-back-not-transposed = layer { $layer } of the model has { $k } codes of { $d } dimensions, and the tensor that was named { $old_k } of { $old_d }, as if its rows lay the other way round: leave out --transposed
tensor-metric-euclidean = Euclidean
tensor-metric-cosine = Cosine
tensor-metric-cosine-raw = CosineRaw

# Writing a file.
tensor-endings = a model can be written as { $known }
tensor-family-unknown = there is no family of models called { $family }
tensor-container = only { $container } can hold the family { $family }: name another one with --to, such as { $own } or { $nameless }
tensor-type-of = { $container } has no numbers of type { $dtype }, which { $name } would be
tensor-type-f32 = { $container } has no numbers of type { $dtype }: they are written as f32
tensor-ema-made = the model holds no EMA state: one is made that keeps the rows, with all codes used alike
tensor-ema-anew = the EMA state is made anew, because trainers of the target make rows of it in another way
tensor-ema-out = the EMA state is left out, because { $family } files have no place for it: a training that continues from the file starts it anew
tensor-made-out = how the model was made (its parameters and steps) is left out, because { $container } has no place for it; .safetensors has
tensor-strides-out = { $container } has no place for the strides { $strides }: whoever opens the file must say them (--strides)
tensor-untold-euclidean = nothing in a { $container } file of the family { $family } says that distances are Euclidean, so it would be read as another quantizer; .safetensors does
tensor-untold-cosine = nothing in a { $container } file of the family { $family } says that distances are cosine, so it would be read as another quantizer; .safetensors of the family { $own } does
tensor-untold-strides = nothing in a { $container } file of the family { $family } tells of the strides { $strides }, so they would be read as { $assumed }; .safetensors does
tensor-of-layer = layer { $layer }: { $what }
tensor-notes-long = the notes are too long: with them the header takes { $len } bytes
tensor-npy-one = a NumPy array is one tensor without a name, but these are { $n }; write .npz, or the bare rows
tensor-new-misfit = { $name } has { $len } numbers, which the shape { $shape } does not fit
tensor-new-type = { $name }: numbers of type { $dtype } are not written
tensor-new-infinite = { $name } holds a value beyond the range of 32-bit floats
tensor-new-overflow = { $name } overflows { $dtype }: it holds { $value }, and the largest number of that type is { $largest }; write f32
tensor-zip-model = the model is too large for a zip archive; write .safetensors
tensor-zip-large = the model is too large for a zip archive
tensor-zip-changed = a file changed while it was being copied
