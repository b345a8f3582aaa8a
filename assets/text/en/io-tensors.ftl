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
