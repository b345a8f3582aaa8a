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

# 写入检查点的副本。
tensor-back-none = 此文件中没有可被替换的量化器
tensor-back-lacks = 检查点中没有 { $name }，因此不写入
tensor-back-read-only = 检查点存放各行的方式只支持读取（{ $family }）；请用 `rvqscope convert` 将模型写入单独的文件
tensor-back-named = 只写入所指定的张量：如果训练程序由旁边的累加和得出各行，它的下一步会恢复旧的行
tensor-back-same = 码本与检查点的一致：副本与原文件相同
tensor-back-pieces = { $name } 经过压缩或分块存放，无法就地覆盖；请用 `rvqscope convert` 将模型写入单独的文件
tensor-back-derived = { $name } 的存储形式与使用形式不同，新的行无法取而代之；请用 `rvqscope convert` 将模型写入单独的文件
# what 是下面各条之一。
tensor-back-refused = { $what }；形状不同的模型只能用 `rvqscope convert` 写入单独的文件
tensor-back-layers = 模型有 { $new } 层，但检查点的量化器有 { $old } 层
tensor-back-metric = 模型采用{ $new }，但检查点采用{ $old }
tensor-back-shape = 模型第 { $layer } 层有 { $k } 个 { $d } 维的码字，但检查点中是 { $old_k } 个 { $old_d } 维的码字
tensor-back-projections = 第 { $layer } 层的投影不同，而写回的只有码本
tensor-back-transposed = 模型第 { $layer } 层有 { $k } 个 { $d } 维的码字，而所指定的张量有 { $old_k } 个 { $old_d } 维的码字，似乎行列相反：请加上 --transposed
tensor-back-not-transposed = 模型第 { $layer } 层有 { $k } 个 { $d } 维的码字，而所指定的张量有 { $old_k } 个 { $old_d } 维的码字，似乎行列相反：请去掉 --transposed
tensor-metric-euclidean = 欧氏距离
tensor-metric-cosine = 余弦距离
tensor-metric-cosine-raw = 余弦距离（各行保持原长）

# 写出文件。
tensor-endings = 模型可以写为 { $known }
tensor-family-unknown = 没有名为 { $family } 的模型系列
tensor-container = 只有 { $container } 能存放 { $family } 系列：请用 --to 指定其他系列，例如 { $own } 或 { $nameless }
tensor-type-of = { $container } 没有数值类型 { $dtype }，而 { $name } 需要该类型
tensor-type-f32 = { $container } 没有数值类型 { $dtype }：数值以 f32 写出
tensor-ema-made = 模型不含 EMA 状态：已生成一个使各行保持不变的状态，其中所有码字的使用程度相同
tensor-ema-anew = EMA 状态已重新生成，因为目标的训练程序以另一种方式由它得出各行
tensor-ema-out = EMA 状态未写出，因为 { $family } 文件没有存放它的位置：从该文件继续的训练会从头建立它
tensor-made-out = 模型的产生经过（参数和步数）未写出，因为 { $container } 没有存放它的位置；.safetensors 有
tensor-strides-out = { $container } 没有存放步幅 { $strides } 的位置：打开该文件时必须指明步幅（--strides）
tensor-untold-euclidean = { $family } 系列的 { $container } 文件无法说明采用的是欧氏距离，会被读成另一种量化器；.safetensors 可以说明
tensor-untold-cosine = { $family } 系列的 { $container } 文件无法说明采用的是余弦距离，会被读成另一种量化器；{ $own } 系列的 .safetensors 可以说明
tensor-untold-strides = { $family } 系列的 { $container } 文件无法说明步幅 { $strides }，会被读成 { $assumed }；.safetensors 可以说明
tensor-of-layer = 第 { $layer } 层：{ $what }
tensor-notes-long = 附注过长：加上附注后文件头占 { $len } 字节
tensor-npy-one = NumPy 数组是一个没有名称的张量，但这里有 { $n } 个；请写为 .npz，或只写纯数组
tensor-new-misfit = { $name } 有 { $len } 个数值，与形状 { $shape } 不符
tensor-new-type = { $name }：不支持写出数值类型 { $dtype }
tensor-new-infinite = { $name } 含有超出 32 位浮点数范围的值
tensor-new-overflow = { $name } 超出 { $dtype } 的范围：其中有 { $value }，而该类型的最大数值为 { $largest }；请写为 f32
tensor-zip-model = 模型过大，zip 归档放不下；请写为 .safetensors
tensor-zip-large = 模型过大，zip 归档放不下
tensor-zip-changed = 复制时有文件发生了变化
