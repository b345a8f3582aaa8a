# 数组有什么问题，以及读取方式需要说明什么。形状与类型按文件中的写法。
array-no-values = 数组中没有数值：形状为 { $shape }
array-missing = 缺少一个数组
array-no-features = 形状为 { $shape } 的数组不能作为特征；请存为 [帧, 维度]
array-no-codes = 形状为 { $shape } 的数组不能作为码字；请存为 [层, 帧]
array-flat-features = 形状为 { $shape } 的数组不能作为特征；请改为 [帧, 维度] 的形状
array-no-whole-frames = 这些数值不是整数个 { $dim } 维的帧
array-too-many-codes = 码字过多，无法计数
array-layers-differ = { $name } 有 { $layers } 层，而此前的有 { $expected } 层
array-taken-for-clips = 形状为 { $shape } 的数组被视为 { $clips } 个音频片段，每个 { $layers } 层、{ $frames } 帧；若是其他含义，可用 --time-axis 指明，或由模型确定
array-layers-at-rates = 各层的帧率不同（{ $counts } 个码字）：每个码字只在其覆盖的第一帧计一次
array-either-first = 形状为 { $shape } 的数组，两个轴都可能是层轴；这里以第一个轴为时间轴（可用 --time-axis 另行指定）
array-either-second = 形状为 { $shape } 的数组，两个轴都可能是层轴；这里以第二个轴为时间轴（可用 --time-axis 另行指定）
# 几个数组的名称，另外还有 `n` 个。
array-names-more = { $names } 及另外 { $n } 个
array-other-data = 此文件除 { $names } 外还有 { $left_out }，后者也可能是数据；请用 --as features 或 --as codes 指明要读取的内容
array-left-out = 此文件中读取了 { $names }，略去了 { $left_out }
array-versions-of-codes = 此文件的每个音频片段都有名为 { $names } 的数组，无法判断要用哪一个；请只保留其中一个，或将其命名为 codes
array-versions-of-features = 此文件的每个音频片段都有名为 { $names } 的数组，无法判断要用哪一个；请只保留其中一个，或将其命名为 features
array-whole-wanted = 此处需要帧，因此整数被视为特征；--as codes 会将其读作码字
array-whole = 所有数值都是整数，像是码字：这里将其视为特征；--as codes 会将其读作码字
array-real-code = 第 { $at } 个数值为 { $value }，不是码字：这些是实数
# 不是码字的 ID。
array-no-code = 第 { $layer } 层第 { $frame } 帧：{ $id } 不是码字；--ignore { $id } 会略去这样的位置
array-no-code-of-codebook = 第 { $layer } 层第 { $frame } 帧：{ $id } 不是大小为 { $limit } 的码本中的码字；--ignore { $first } 会略去这样的位置，否则码本的码字更多
array-nothing-but-none = 此文件中没有码字，只有表示无码字的 ID
array-frames-cut = 音频片段两端有 { $cut } 帧在所有层都没有码字，已截去
array-none-in-places = { $id } 在 { $n } 处表示无码字，不计入
array-none-in-every-layer = { $id } 在 { $n } 处表示无码字，各层数量相同，不计入
array-none-by-layer = { $id } 在 { $n } 处表示无码字（{ $layers }），不计入
# 每层各有几处；`before` 是前面各层的。
array-layer-count = 第 { $layer } 层：{ $count }
array-layer-counts = { $before }，第 { $layer } 层：{ $count }
array-layer-counts-more = { $before }，……
# 按延迟排布推迟的各层：`delays` 是帧数。
array-delayed = 各层依次推迟 { $delays } 帧，与延迟排布相符：同一帧的码字不在同一列；--delay 可将其对齐
array-no-delay = 在这些码字中未发现延迟排布；请指明各层推迟的帧数：--delay 0,1,2,3
array-delay-of-others = --delay 给出了 { $given } 层，而这些码字有 { $layers } 层
array-delay-undone = 各层 { $delays } 帧的延迟已还原
# 经过偏移、使每层各占一段范围的 ID：每段宽 `step`，第一段从 `base` 开始。
array-flattened = ID 每 { $count } 个位置重复一次，每个位置各占一段范围（宽 { $step }）：像是展平的各层；--offsets 可还原
array-flattened-from = ID 每 { $count } 个位置重复一次，每个位置各占一段范围（宽 { $step }，从 { $base } 开始）：像是展平的各层；--offsets 可还原
array-shifted = 每层的 ID 各占一段范围（宽 { $step }）：像是按层做了偏移；--offsets 可还原
array-shifted-from = 每层的 ID 各占一段范围（宽 { $step }，从 { $base } 开始）：像是按层做了偏移；--offsets 可还原
array-no-shift = 在这些码字中未发现按层的偏移；请以 --offsets STEP,BASE 给出，或去掉 --offsets
array-outside-of-layer = 第 { $layer } 层第 { $frame } 帧：ID { $id } 不在 --offsets 给该层的范围 { $first } 至 { $last } 之内
array-shift-undone = 按层的 ID 偏移已还原：层间相差 { $step }，从 { $base } 开始
array-no-frame-of-slots = 没有一个音频片段够一帧 { $count } 个位置的长度
array-slots-cut = 音频片段末尾有 { $cut } 个 ID 不足一帧 { $count } 个位置，已截去
# 张量文件中没有所需内容时，它是什么。`found` 是以 `array-holds` 开头的其中一条。
array-codebooks-or-clips = 这些数组的形状既可能是码本，也可能是特征片段，这里视为码本；--as features 会将其读作特征片段
array-only-tensor = 唯一的张量 { $name } 类型为 { $dtype }，既不是特征也不是码字
array-codes-not-in-file = 此文件中没有码字；其内容：{ $found }
array-features-not-in-file = 此文件中没有特征；其内容：{ $found }
array-holds-nothing = 空（没有任何张量）
array-holds-one = 一个张量：{ $names }
array-holds-few = { $n } 个张量：{ $names }
array-holds-many = { $n } 个张量，例如 { $names }
array-holds-name-of-model = 没有张量，只有所代表模型的名称 { $model }；请打开该模型自己的文件
array-holds-lora = LoRA 权重，用于修改另一个文件中的基础模型；量化器在那个文件中
array-holds-fsq = 有限标量量化器或免查表量化器（FSQ、LFQ），没有码本：其码字由数值取整得到；请单独打开码字
# JSON。`problem` 是解析器给出的说明。
array-json-unreadable = 无法读取此 JSON：{ $problem }
array-json-small-parts = 无法读取此 JSON：它由大量细小的部分组成；请将数组存为 .npz
array-json-small-parts-at = 无法读取此 JSON：它由大量细小的部分组成（读到第 { $line } 行第 { $column } 列）；请将数组存为 .npz
array-json-no-corpus = 此 JSON 文件中没有能构成一个码字或特征语料的数组；请为每个音频片段给出 {"{"}"codes": [[..], ..]{"}"}
array-json-mixed = 混有数值和其他内容的列表已略去：{ $first }
array-json-mixed-more = 混有数值和其他内容的列表已略去：{ $first } 及另外 { $n } 个
# 需要解码的音频。`format` 是容器的名称，`words` 是解码器给出的说明。
array-audio-one-frame = 这不是音频：其中一帧之后没有另一帧
array-audio-behind-tag = ID3 标签之后没有已知类型的音频（FLAC、Ogg、MP4、AIFF、AAC、MP3）
array-audio-behind-tags = 前 { $n } 个标签之后没有音频
array-audio-none = 此 { $format } 文件中没有音频
array-audio-channels = 文件头声明有 { $channels } 个声道；最多读取 { $most } 个
array-audio-another-stream = 此文件后面还有一个流，未读取
array-audio-no-samples = 其中没有音频：文件没有采样点
array-audio-no-packet = 其 { $n } 个数据包均无法解码；文件已损坏
array-audio-damaged = { $n } 个数据包无法解码，已跳过；文件已损坏
array-audio-missing = 缺少采样点：文件头声明有 { $declared } 个，但只能读出 { $heard } 个；文件已损坏或被截断
array-audio-cut-short = 文件被截断：在第一个采样点之前就已结束（{ $format }）
array-audio-unsupported = 不支持这种 { $format }（{ $words }）；请转换为 WAV 或 FLAC
array-audio-beyond = 此 { $format } 文件超出合理范围（{ $words }）
array-audio-bad = 此 { $format } 文件已损坏（{ $words }）
