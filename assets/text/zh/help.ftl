# 命令行的帮助：命令、选项下方的说明、各个选项。选项、文件和格式的名称以及示例保持原样。多行文本中，每行最多占 96 列。

# clap 自带的英文词语。
help-clap =
    .usage = 用法：
    .options-in-usage = {"["}选项]
    .command-in-usage = {"["}命令]
    .commands = 命令
    .arguments = 参数
    .options = 选项
    .heading = { $heading }：
    .default = {"["}默认值：{ $value }]
    .possible-values = {"["}可选值：{ $values }]
    .print-help = 显示帮助
    .print-version = 显示版本
    .help-command = 显示本说明或某个命令的帮助
# 手册页的各节标题。
help-man-page =
    .name = 名称
    .synopsis = 概要
    .description = 描述
    .options = 选项
    .commands = 命令
    .notes = 说明
    .default = {" [默认值："}
    .possible-values = 可选值：
# 取值的占位名：简短，不含空格。
help-value =
    .dir = DIR
    .model = 模型
    .run = 运行
    .file = FILE
    .ids = ID,...
    .codes = 码字
    .end = 终止层
    .start = 起始层
    .frames = 帧
    .data = 数据
    .hz = HZ
    .name = 名称
    .form = 格式
    .share = 比例
    .shell = SHELL
    .seconds = 秒
    .wav = WAV
    .name-or-number = 名称|N
    .family = 系列
    .type = 类型
    .checkpoint = 检查点
    .place = 前缀
    .metric = 度量
    .size = 大小
    .id-list = ID,ID,...
    .id = ID
    .offsets = auto|STEP[,BASE]
    .rules = 规则,规则,...
    .sweep = 键=值,值
    .rule = 规则
    .init = kmeans|sample|uniform|模型
    .jsonl = FILE.jsonl
# 参数选项的说明：先是帮助，再是方括号中的取值信息。
help-param = { $help } { $facts }
help-param-init = { $help }给出模型文件时，从其中的 embed、cluster_size 和 embed_avg 继续训练。 [默认值：{ $default }]
help-facts = {"["}{ $facts }]
    .from = 最小 { $min }
    .range = { $min } 到 { $max }
    .paths = B 为 2 到 { $max }
    .default = 默认值：{ $value }
    .default-in-unit = 默认值：{ $value } { $unit }
    .readers = 仅用于 { $readers }
help-item = { $id }：{ $words }
help-list-between = 、
help-pitfalls-between = ；
help-program = 残差矢量量化器的分析工具：训练、评估和比较码本
    .usage =
        rvqscope [FILE...]        打开窗口
        rvqscope <命令> [...]     不开窗口，直接运行命令
    .notes =
        文件按内容识别：音频、数组、表格、检查点、码字。给出文件夹即指其中的文件。
        进度写到标准错误，结果写到标准输出或文件。
        退出码：0 完成，1 失败，2 用法错误，3 有严重发现（doctor 和 watch 加 --strict 时），130 被中断。

        从这里开始：
          rvqscope report --demo --out report                      用内置语音训练，给出指标和图
          rvqscope train speech/ --out m.safetensors               用音频、特征或文件夹训练
          rvqscope report test/ --model m.safetensors --out report 在其他数据上评估模型
          rvqscope 命令 --help                                     列出全部选项及其范围和默认值

        { $variable }=en 或 zh 指定本帮助和窗口的语言，不设则随系统。
help-report = 写出 report.html、metrics.json、layers.md、layers.tex，以及每张图的 CSV 和 SVG：针对模型（用数据或仅凭其缓冲区），或针对一次训练；也可写出比较多个运行的 compare.html
    .notes =
        示例：
          rvqscope report --demo --out report
          rvqscope report test/ --model model.safetensors --out report
          rvqscope report --model s2G.pth --out report
          rvqscope report test/ --compare a.safetensors b.safetensors --out side-by-side
          rvqscope report --compare report-a/ report-b/metrics.json --out side-by-side --format latex
          rvqscope report --article --codes 64 --layers 8 --holdout 0 --out report
    .model = 不训练，直接为这个模型出报告：用数据的全部帧，加 --holdout 则用其中一部分；没有数据时，只看模型文件本身所含的信息
    .compare = 并排报告多个运行，各自与第一个对照。运行可以是：模型文件，用数据（须写在此选项之前）或其缓冲区来判断；工作区中的运行（runs/N.safetensors），含其各步记录，用数据判断或沿用原有结果；报告文件夹或其中的 metrics.json，取其中写下的指标和各步记录
help-folder-to-write = 要写入的文件夹；只缺最后一级时自动创建
help-doctor = 指出模型的问题、依据的指标，以及应当如何修改
    .notes =
        示例：
          rvqscope doctor s2G.pth
          rvqscope doctor model.safetensors test/ --strict && ./next-step
          rvqscope doctor model.safetensors test/ --json > findings.json

        没有数据时，仅凭模型的缓冲区判断。发现按严重程度从高到低列出：严重、警告、提示。
    .json = 输出 JSON：schema、model、layers、frames、findings（id、severity、layers、codes、measured、text、remedy、why、source）、notes
    .strict = 有严重发现时以退出码 3 结束
help-the-quantizer = 量化器
help-beam-keep = 每层之后保留 B 条路径 [默认值：1]
help-repair = 不训练，用数据修复模型，只保留对留出帧无害的改动
    .notes =
        示例：
          rvqscope repair model.safetensors speech/ --out mended.safetensors
          rvqscope repair s2G.pth hubert/ --fix replace-dead,refit --beam 5 --out mended.safetensors

        不给 --fix 时，修复 `rvqscope doctor` 所发现的问题。
        若某项修复使留出帧的 SNR 或已用码字数变差，则不予保留。

        修复项：
        { $fixes }
    .out = 修复后的模型
    .fix = 要做的修复项，或要修复的发现 [默认值：各项发现所需的修复]
    .layer = 只改动这一层，从 0 数起，与 --json 一致 [默认值：全部]
    .json = 输出 JSON：schema、written、tried（fix、rows、before、after、kept）
    .beam = 拟合和判断时，沿 B 条路径搜索码字 [默认值：1]
help-encode = 将音频或特征编码，写成形状为 [n_q, T] 的 int32 码字
    .notes =
        示例：
          rvqscope encode model.safetensors speech.wav --out codes.npy --layers 4
    .out = 要写的文件：.npy，或同时记下 K、音频片段和帧率的 .safetensors
    .layers = 到这一层之前为止，从第一层数起 [默认值：全部]
    .start = 从这一层开始，从 0 数起：数据视为这一层的输入 [默认值：0]
    .beam = 每层之后保留 B 条路径，即贪心路径和其余最好的 B - 1 条，因此任何帧都不会变差 [默认值：1]
help-decode = 将码字解码，写成形状为 [T, D] 的 float32 .npy 帧
    .notes =
        示例：
          rvqscope decode model.safetensors codes.npy --out x.npy
    .codes = 整数；文件没有说明哪个轴是层时，由模型确定
    .out = 要写的文件（.npy）
    .start = 第一行码字所属的层，从 0 数起 [默认值：文件所述，否则 0]
help-heading =
    .data = 数据
    .features = 音频特征
    .comparing = 比较规则
    .ranks = 多进程：mpirun -n R rvqscope train ...
    .training = 训练
    .quantizer = 量化器
help-data = 音频、特征，或装有它们的文件夹
    .demo = 使用内置语音：90 秒，12 个说话人
    .article = 使用 1000 个 30 维的均匀随机向量
    .frame-rate = 纯特征每秒的帧数，用于计算码率；音频自带帧率
    .channel = 使用音频的这个声道，从 0 数起 [默认值：所有声道的均值]
help-format = 指标的输出格式：table（带说明文字）、csv（全部有效位）、markdown 或 latex（booktabs）
help-holdout = 留出用于判断的帧所占的比例：整段音频，或数据末尾；0 表示不留出
help-threads = 计算线程数 [默认值：全部]；不论多少，结果逐字节相同
help-completions = 输出 shell 补全命令、选项和取值所需的脚本
    .notes =
        示例：
          rvqscope completions bash > ~/.local/share/bash-completion/completions/rvqscope
          rvqscope completions zsh > "{"$"}{"{"}fpath[1]{"}"}/_rvqscope"
          rvqscope completions fish > ~/.config/fish/completions/rvqscope.fish
    .shell = 哪种 shell
help-man = 输出手册页，或将每个命令的手册页写入文件夹
    .notes =
        示例：
          rvqscope man | man -l -
          rvqscope man ~/.local/share/man/man1 && man rvqscope-train
    .dir = 存放手册页的文件夹，不存在时自动创建 [默认值：输出 rvqscope 本身的手册页]
help-install-desktop = 将窗口加入桌面菜单，并关联它能打开的文件（Linux，仅当前用户）
    .notes =
        写入一个启动当前程序的菜单项、一个图标，以及系统不认识的扩展名（如 .safetensors）的文件类型，
        都放在用户数据文件夹下（XDG_DATA_HOME 或 ~/.local/share），并输出每个路径。
    .remove = 全部撤回
help-listen = 将音频经模型若干层后的结果，或使用某个码字的位置，写成 WAV
    .notes =
        示例：
          rvqscope listen speech/ --model m.safetensors --layers 2 --out two.wav
          rvqscope listen speech/ --model m.safetensors --clip 3 --from 1.5 --to 4 --out stretch.wav
          rvqscope listen speech/ --source --clip one.wav --out source.wav
          rvqscope listen speech/ --model m.safetensors --layer 0 --code 17 --out code.wav

        原始采样的帧首尾相接。对数梅尔帧没有相位：用非负最小二乘还原梅尔滤波器组，再搜索相符的相位
        （快速 Griffin-Lim），因此未量化的帧听起来也略显粗糙。MFCC 帧无法还原，从文件读入的特征也不能。
    .out = 要写的文件：单声道 float32，采样率同特征
    .layers = 听前 K 层之和；0 表示原音 [默认值：全部]
    .source = 听特征所见的音频本身：单声道，采样率同特征
    .clip = 只取这段音频，按名称或从 0 数起的序号 [默认值：全部，依次相接]
    .from = 从这里开始，从该段音频（或全部音频）的开头算起
    .to = 到这里结束
    .layer = 与 --code 合用：码字所在的层，从 0 数起
    .code = 听模型使用这个码字的位置，除非用 --layers 另行指定，否则取自原音，各处之间静音 0.1 s
    .context = 与 --code 合用：每个位置前后的帧数 [默认值：5]
    .most = 与 --code 合用：最多取多少个位置，在全部位置中均匀选取 [默认值：20]
    .iterations = 相位搜索的迭代次数 [默认值：{ $default }]
    .json = 输出 JSON：schema、written、layers、samples、sample_rate_hz、seconds、frames、pieces、spectral_convergence、log_spectral_distance_db
help-inspect = 输出文件的内容：模型的结构和各层，或音频、特征、码字的形状、时间轴和音频片段
    .json = 输出 JSON：schema；模型另有 family、metric、layers（codes、dim、dtype、buffers）、findings；其余另有 kind、shape、dtype、frames、dim、time_axis、clips、to_open、findings 等
    .notes =
        示例：
          rvqscope inspect model.safetensors --json
          rvqscope inspect hubert.npy
          rvqscope inspect codebook.npy --as model

        既可能是特征又可能是码本的数组按特征处理，除非另有选项说明它是模型。
    .file = 模型、音频、特征或码字
help-convert = 将量化器写成另一种容器、另一套名称或另一种数值类型
    .notes =
        示例：
          rvqscope convert codebook.npy --out model.safetensors
          rvqscope convert model.safetensors --to bare --out codebooks.npz
          rvqscope convert s2G.pth --dtype f32 --out quantizer.pth

        只写出量化器。要写回完整的检查点，见 `rvqscope write-back --help`。
        目标格式存不下的内容，会在标准错误中说明。
    .to = 采用哪个系列的张量名 [默认值：沿用模型的；.npy 存纯数组]
    .dtype = 数值类型 [默认值：沿用模型的]
    .out = 要写的文件（{ $endings }）
help-write-back = 将改动过的量化器写入其来源检查点的副本，其余字节原样不动
    .notes =
        示例：
          rvqscope train hubert/ --init s2G.pth --rule gpt-sovits --layers 1 --out retrained.safetensors
          rvqscope write-back retrained.safetensors --into s2G.pth --out s2G-retrained.pth
          rvqscope write-back rows.npy --into other.pt --codebook 'rq.{"{"}i{"}"}.weight' --out changed.pt

        除码本各行外，还会设置 EMA 状态（cluster_size 和 embed_avg，或检查点中的相应名称），使训练程序的
        下一步保住这些行，也没有码字在这一步过期。请给出训练程序自己的衰减、epsilon 和阈值。
        使用 --codebook 时，只写所指定的张量。
    .model = 改动过的量化器
    .into = 它所来自的检查点
    .out = 要写的副本；可以就是该检查点本身
    .threshold = 训练程序替换码字的簇大小下限 [默认值：2；Mimi 为 0.1 x C/K]
    .decay = 训练程序的衰减
    .epsilon = 训练程序的 epsilon
    .quantizer = 检查点和模型文件中有多个量化器时，取张量名以此开头的那个 [默认值：唯一的那个]
    .strides = 各层分别多少帧共用一个码字，用于检查点既可能是 DAC（1）又可能是 SNAC（4,2,1）而自身没有说明时
    .codebook = 不论检查点结构如何，将各行写入它的这些张量：`rq.{"{"}i{"}"}.weight`，其中 {"{"}i{"}"} 代表层
    .transposed = --codebook 所指的检查点张量为 [D, K]，按此写入
    .cluster-size = 与 --codebook 所指张量相配的 EMA 簇大小，一并写入；其他张量保持原样
    .metric = 检查点如何度量距离，用于其张量两种都说得通时
help-model =
    .quantizer = 模型文件中有多个量化器时，取张量名以此开头的那个，例如 `generator` [默认值：唯一的那个]
    .strides = 各层分别多少帧共用一个码字，用于模型文件既可能是 DAC（1）又可能是 SNAC（4,2,1）而自身没有说明时
    .codebook = 不论模型文件结构如何，从这些张量读取码本：`rq.{"{"}i{"}"}.weight`，其中 {"{"}i{"}"} 代表层
    .transposed = --codebook 所指的码本以 [D, K] 存放
    .cluster-size = 与 --codebook 所指码本相配的 EMA 簇大小
    .metric = 如何度量距离，用于模型文件的张量两种都说得通时
help-reading =
    .as = 文件是什么，用于内容不能确定时 [默认值：先看命令需要什么，再看文件自身]
    .time-axis = 特征或码字的哪个轴是时间 [默认值：由形状推测]
    .as-only-codes = 码字文件是什么；这里只能是 { $kind } [默认值：{ $kind }]
    .as-only-file = 文件是什么；这里只能是 { $kind } [默认值：{ $kind }]
    .as-only-either = 两个文件是什么；这里只能是 { $kind } [默认值：{ $kind }]
    .dim = 纯 float32 数值文件的每帧维数，这类文件自身没有任何说明
    .ignore = 不代表码字的 ID；-1 和 -100 总是如此
    .pad = 用来填充码字的 ID；音频片段末尾只有它的帧会被截去
    .delay = 还原各层依次推迟若干帧的延迟排布；不给数值时，由填充推断推迟多少帧
    .offsets = 还原按层偏移的 ID（BASE + 层 x STEP + 码字），一帧的各层排在同一行时也适用
    .drop-nonfinite = 略去含 NaN 或无穷大的帧，否则会拒绝这样的数据
help-train = 用音频或特征训练量化器并写出，按层输出指标
    .notes =
        示例：
          rvqscope train speech/ --out model.safetensors
          rvqscope train hubert.npy --rule gpt-sovits --layers 1 --out sovits.safetensors
          rvqscope train more/ --init model.safetensors --steps 500 --out longer.safetensors

        量化器的选项取决于所选规则：见 `rvqscope train --rule gpt-sovits --help`。
    .fit-data = 没有用选项指定时，由数据确定批大小、衰减、步数、阈值和 patience，并说明理由
    .out = 要写的模型文件（{ $endings }）；与 --compare 合用时为文件夹，每个运行一个模型
    .compare = 用多个规则各训练一个运行，起始中心和批次都相同，每个运行输出一行。规则可以带自己的设置：encodec:threshold=2:decay=0.95。可设置的有 { $settings }。
    .pitfall = 用演示数据重现训练程序的已知缺陷。{ $pitfalls }
    .checkpoint-every = 每 N 步将继续训练所需的内容写入“模型.checkpoint”（即 --out 的名称加此扩展名）
    .resume = 继续此前保存的训练，数据须相同，进程数可以不同；--steps 可以另给
help-sweep = 训练若干参数取值的所有组合，每种用多个种子；比较码率与失真
    .notes =
        示例：
          rvqscope sweep speech/ --sweep codes=256,1024 --sweep layers=4,8 --seeds 3 --out sweep
          rvqscope sweep --demo --sweep rule=rvqscope,encodec,moshi --steps 300 --out rules
          rvqscope sweep hubert.npy --rule gpt-sovits --sweep threshold=0.5,1,2 --out thresholds

        未扫描的参数由选项指定：其他选项与 `rvqscope train` 相同，结果也相同。
        文件夹中，每个运行有模型及其指标（“名称.safetensors”、“名称.json”），另有汇总所有运行的
        sweep.json、sweep.csv，以及含网格和码率-失真图的 sweep.html。
        被中断的扫描用同一命令即可继续，届时还可增加取值或种子。
    .sweep = 量化器的一个选项（或 rule）及其依次取的值；给出多次时，训练所有组合
    .seeds = 每种组合用 N 个种子训练，从 --seed 开始，并给出离散程度 [默认值：1]
    .overwrite = 文件夹中已有扫描时，全部重新训练
    .metrics = 将每一步的标量写在各模型旁，名为“名称.jsonl”，每行一个 JSON 对象
help-training =
    .epochs = 遍历数据这么多遍，代替步数
    .standardize = 在中心化且方差为 1 的数据上训练；模型仍以输入的单位表示
    .beam = 评估量化器时，沿 B 条路径（贪心路径和其余最好的 B - 1 条）搜索码字，并给出由此获得的增益；训练步如何搜索由 --search 指定 [默认值：1]
    .metrics = 写出每一步的标量，每行一个 JSON 对象
    .log-dir = 训练时将 TensorBoard 事件写入此文件夹：每一步的标量、码字使用情况的直方图、留出指标、参数；有多个运行时各占一个子文件夹。训练途中会因此查看留出帧，最多占用八分之一的时间，不改变任何指标
help-watch = 跟踪在别处进行的训练：文件夹中的每个检查点输出一行，给出指标及其与前一个的变化
    .notes =
        示例：
          rvqscope watch logs/s2/ --probe hubert/
          rvqscope watch checkpoints/ --probe speech/ --json >> watched.jsonl
          rvqscope watch checkpoints/ --strict || kill {"$"}TRAINER
          rvqscope watch checkpoints/ --once --probe speech/

        不会干扰训练。文件在不再变化后才打开，且只读取其中的量化器。步数取自文件自带的计数，
        其次取自文件名中的数字，再次取自时间先后。没有量化器的文件（如判别器和优化器）只提一次便略过；
        无法读取的会说明，但不会终止监视；已删除的仍留在序列中。
        已有的检查点从新到旧列出，加 --once 则从旧到新。指标保存在用户的缓存文件夹或 { $variable }
        所指的文件中，供下次使用；该变量为空时不保存。
    .folder = 训练程序写入的文件夹；其中的子文件夹也会查看
    .probe-frames = 最多取探测数据中的这么多帧 [默认值：{ $default }]
    .probe-seed = 抽取这些帧所用的种子 [默认值：0]
    .once = 处理完已有的检查点即结束
    .json = 每行输出一个 JSON 对象：schema、event（checkpoint、unreadable、skipped、gone、note）、file、step、step_from、frames、snr_db、layers、before、findings、new_findings
    .strict = 最新的检查点有严重发现时以退出码 3 结束；在此之前会先查看所有已有的检查点
    .log-dir = 同时将每个检查点的指标按层写成 TensorBoard 事件，放入此文件夹
    .probe = 用来检验每个检查点的帧：音频、特征，或装有它们的文件夹 [默认值：无，仅凭缓冲区判断]
help-unpack-limit = 压缩文件解压后的大小上限，例如 8G [默认值：{ $variable }；否则归档文件为 4G，音频为 64M 加其大小的 256 倍]
