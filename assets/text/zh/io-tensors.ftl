# 张量文件有什么问题，以及写出的文件存不下什么。

# 多种容器共用。
tensor-unknown = 没有名为 { $name } 的张量
tensor-axes = { $name } 有 { $axes } 个轴
tensor-beyond-file = { $name } 超出了文件末尾
tensor-header-entries = 文件头的条目远多于正常文件所需

# pickle。
tensor-pickle-long = 此 pickle 长 { $len } 字节，但最多读取 { $most } 字节；请用 `np.savez` 保存其中的数组
tensor-pickle-cut = 此文件中的 pickle 被截断
tensor-pickle-builds = 此文件中的 pickle 构建的内容远多于这种大小的检查点所含，因此不再继续读取
# what 是下面各条之一。
tensor-pickle-broken = 此文件中的 pickle 有{ $what }；文件已损坏
tensor-pickle-opcode = 未知指令 { $opcode }
tensor-pickle-item = 不属于任何列表的项
tensor-pickle-entry = 不属于任何字典的条目
tensor-pickle-reference = 指向空处的引用
tensor-pickle-order = 编号错乱的引用
tensor-pickle-class = 没有名称的类
tensor-pickle-key = 没有值的键
tensor-pickle-lacks = 缺少操作对象的指令
tensor-pickle-number = 不是数字的数
tensor-joblib-objects = 此 joblib 文件存的是对象数组，不予读取

# PyTorch。
tensor-legacy-long = 此文件中的 pickle 比任何检查点的都长；文件已损坏
tensor-legacy-cut = 文件在其 pickle 中途结束；文件被截断
tensor-legacy-list = 文件的存储区列表已损坏
tensor-repeats = { $name } 的数值有重复：共 { $count } 个，但只存储了 { $stored } 个；请以 `tensor.contiguous()` 保存
tensor-shared = 此文件的张量反复共用数值，总共超过 { $most } 字节；请以 `tensor.clone()` 保存
tensor-shape-countless = { $name } 的形状为 { $shape }，大到无法计数
tensor-shape-misfit = 形状 { $shape } 与其数值不符
tensor-numbers-missing = 文件中缺少 { $name } 的数值；文件不完整
tensor-beyond-storage = { $name } 超出了其存储区的末尾，该存储区长 { $len } 字节；文件已损坏
tensor-storage-type = 存储区 { $name } 的类型未知
tensor-impossible = 此文件中有一个张量的大小、步幅、偏移或存储区是任何张量都不会有的；文件已损坏
tensor-audiocraft = 此 audiocraft 文件不含张量：它只指向预训练模型 { $pretrained }；请改为打开该模型自己的文件，例如 compression_state_dict.bin
tensor-pytorch-none = 此 PyTorch 文件不含张量；请用 `torch.save(model.state_dict(), path)` 保存 state_dict
tensor-pytorch-other = 此 PyTorch 文件不含张量，只有 { $keys }；请用 `torch.save(model.state_dict(), path)` 保存 state_dict

# safetensors。
tensor-extra-bytes = 最后一个张量之后还有 { $extra } 字节
tensor-header-long = 文件头长 { $len } 字节，但最多读取 { $most } 字节
tensor-header-invalid = 文件头不是有效的 safetensors 文件头（{ $why }）

# 分成多个文件的检查点。
tensor-index-long = 此索引远长于任何检查点的索引
tensor-index-invalid = 这不是检查点各部分的索引（{ $why }）
tensor-index-files = 索引列出了 { $n } 个文件
tensor-index-elsewhere = 索引列出了 { $name }，它不是同一文件夹中的文件
tensor-part-missing = 此检查点有 { $parts } 个部分，其中缺少 { $first }；所有部分必须放在同一文件夹中
tensor-parts-missing = 此检查点有 { $parts } 个部分，其中缺少 { $first } 及另外 { $more } 个；所有部分必须放在同一文件夹中
tensor-part-problem = { $part }：{ $what }
tensor-part-nameless = { $part } 不含有名称的张量

# ONNX。
tensor-onnx-many = 计算图的张量数量远超任何正常的图
tensor-onnx-external = 此 ONNX 计算图的 { $n } 个张量存放在另一个文件中；请用 `onnx.save(onnx.load(path), "one.onnx")` 保存到同一个文件
tensor-bytes-shape = { $name } 有 { $bytes } 字节，与形状 { $shape } 不符
tensor-onnx-broken = 此 ONNX 文件中的 protocol buffers 已损坏或被截断

# NeMo。
tensor-tar-none = 这个 tar 归档中没有检查点；请用 `tar -xf` 解包，再打开其中的文件
tensor-tar-unknown = 此归档中没有可读取的检查点
tensor-tar-broken = 此 tar 归档中的文件头已损坏

# GGUF。
tensor-gguf-version = 这是 GGUF 第 { $version } 版，但只支持读取第 2 版和第 3 版
tensor-gguf-overlap = 此文件的张量相互重叠
tensor-gguf-kind = 文件头中有一个值的类型 { $kind } 未知

# FAISS。
tensor-faiss-kind = 这是类型为 { $kind } 的 FAISS 索引，其量化器不支持读取；在 Python 中，可用 `np.save("codebooks.npy", faiss.vector_to_array(index.pq.centroids))` 之类的语句写出其码本
tensor-faiss-metric = 此 FAISS 索引不按欧氏距离搜索，其码本不支持以其他度量读取
tensor-faiss-untrained = 此 FAISS 索引从未训练过
tensor-faiss-beyond = 此索引的码本超出了文件末尾
tensor-faiss-misfit = 此 FAISS 索引中的各个大小互相矛盾；文件已损坏

# EnCodec 流。
tensor-ecdc-version = EnCodec 格式的版本 { $version } 未知，或其文件头已损坏
tensor-ecdc-header = 文件头不是 EnCodec 所写的（{ $why }）
tensor-ecdc-packed = 此文件的码字由语言模型压缩，没有该模型就无法读取；请不用语言模型重新压缩
tensor-ecdc-layers = 文件头称有 { $n } 层
tensor-ecdc-codes = 码字多到无法计数
tensor-ecdc-segments = 此文件的 { $n } 个分段相互重叠百分之一；每段各视为一个音频片段
tensor-ecdc-model = 模型 { $model } 如何打包其码字尚不清楚
