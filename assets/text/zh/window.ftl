# 运行上发现标记的文字。
window-findings-on = { $run } 有 { GROUPED($n) } 项发现
window-finding-line = { $severity }：{ $title }
window-more-findings = 还有 { $n } 项
window-findings-click = 单击查看具体数值
window-findings-quick = 快速检查，未比较各行：单击查看全部
# 模型文件中未确定的内容。
window-metric-euclidean = 欧氏距离
    .help = 最小二乘意义下最近的行：多数文件都是这样
window-metric-cosine = 余弦，单位行
    .help = 帧和行都缩放为单位长度，输出的是单位行
window-metric-cosine-raw = 余弦，行保持原样
    .help = 按夹角选择码字，输出存储的原始行：DAC 及其同类
window-choice-nothing = 都不打开；已打开的内容保持不变
window-which-quantizer = 选择哪个量化器？
    .text = { $file } 含有 { $n } 个量化器。请选择要查看的一个
window-which-strides = 选择哪组步幅？
    .text = { $file } 的 { $layers } 层的命名方式 DAC 和 SNAC 都使用，文件中没有信息能判断是哪一种。步幅选错，所有码字都会是错的
window-which-codebooks = 哪些张量是码本？
    .text = { $file } 的结构未知。以下张量看起来像码本：请选择真正的码本，以及搜索方式
window-cannot-be-used = 无法使用：{ $problem }
window-strides-dac = DAC：每层每帧一个码字
    .about = 步幅 { $strides }
window-strides-snac = SNAC：步幅 { $strides }
    .about = 各层中连续多少帧共用一个码字
window-metric = 搜索
window-rows-as-columns = 行按列存储
    .help = 文件中是 [D, K]，通常为 [K, D]
window-tick-the-box = 勾选上面的选项
window-candidate = { $layers } 层，形状 { $shape }：{ $guess }
# 所选码字的信息条。
window-code-none-yet = 在任一面板中选择码字后，此处显示其说明
window-code-previous = 上一个码字
window-code-next = 下一个码字
window-code-none = 第 { $layer } 层未选择码字：在任一面板中单击一个，或逐个浏览全部 { $codes } 个
window-code-unselect = 取消选择码字
window-code-inspect = 检查
    .help = 在码字检查器中查看它的行、邻近码字和选择它的帧
window-code-of-layer = 第 { $layer } 层，码字 { $code }
window-code-marked = 已标记的 { GROUPED($n) } 个之一
window-code-chosen = { GROUPED($frames) } 帧中有 { GROUPED($n) } 帧选择它
window-code-size = c_k { $size } 帧/批
window-code-threshold = 阈值 { $threshold }
window-code-never-replaced = 从未替换
window-code-last-replaced = 最近在第 { GROUPED($step) } 步被替换
# 各运行之间的差异。
window-differences-more = { $words } 及另外 { $n } 项
window-run-differs = { $run }：{ $differences }
window-panel-not-shown = 该面板不在屏幕上，因此没有它的图像：请先将其置于前面
# 帮助。
window-help = 帮助
window-help-first = 首先看什么
window-help-keys = 按键
window-help-usage = 所有码字都被使用了吗？柱高均匀为好；只有少数柱子很高，说明其余码字被浪费了。请按留出帧判断，且仅在帧数远多于码字数时
window-help-dead = 哪些码字没有帧选择？替换后的码字能存活吗？反复被替换的码字说明阈值与 N/K 不匹配
window-help-ema = 收敛了吗？漂移和损失会在几个 EMA 窗口内趋于平稳；漂移若不下降，说明码字一直在被替换
window-help-error = 每层贡献了多少？增益随深度下降；没有贡献的层同样消耗比特
window-help-code = 这些是哪些帧？在任一面板中单击码字：将显示该码字的行、邻近码字和选择它的帧；单击帧可跳到其位置
# 帮助中列出的按键。
window-key-open = 打开文件
    .keys = Ctrl+O
window-key-save = 保存模型
    .keys = Ctrl+S
window-key-undo = 撤销对参数、选择、布局或运行的上一次编辑
    .keys = Ctrl+Z
window-key-redo = 重做
    .keys = Ctrl+Shift+Z
window-key-train = 从头开始训练
    .keys = Ctrl+Enter
window-key-pause = 暂停或继续
    .keys = Space
window-key-step = 执行一步，然后等待
    .keys = {"."}
window-key-escape = 关闭最前面打开的内容；否则放弃打开，或停止训练
    .keys = Esc
window-key-layers = 在所有面板中选择该层
    .keys = 1 至 9
window-key-next-layer = 选择前一层、后一层
    .keys = PageUp、PageDown
window-key-next-code = 选择前一个、后一个码字
    .keys = Alt+←、Alt+→
window-key-split = 显示留出帧的数值，或训练帧的数值
    .keys = H
window-key-play = 播放所选片段，或静音
    .keys = P
window-key-take = 播放时：多一层之后，少一层之后
    .keys = ↑、↓
window-key-panels = 转到下一个面板、上一个面板
    .keys = F6、Shift+F6
window-key-tabs = 将该面板所在组的下一个、上一个标签页置于前面
    .keys = Ctrl+Tab、Ctrl+Shift+Tab
window-key-inside = 在面板内容之间移动；方向键读取图中数值，Enter 在该处选择
    .keys = Tab，然后 ← →
window-key-help = 本帮助
    .keys = F1
# 面板及其标签页。
window-all-closed = 所有面板都已关闭：请从“视图”菜单打开一个，或在那里恢复默认布局
window-tab-save-png = 图像另存为 PNG…
window-tab-save-svg = 绘图另存为 SVG…
window-panel = 面板 { $title }
# 菜单。
window-file = 文件
window-edit = 编辑
window-view = 视图
window-help-item = 看什么，以及按键
window-open = 打开…
window-open-folder = 打开文件夹…
window-watch-folder = 监视文件夹…
window-stop-watching = 停止监视
    .why-not = 没有正在监视的文件夹
window-recent = 最近打开
window-no-quantizer = 还没有量化器：请训练，或打开模型
window-no-data = 没有数据：请打开音频或特征
window-no-sound = 没有可听的音频：请打开音频
window-save-model = 保存模型…
window-save-codes = 保存码字…
window-save-report = 保存报告…
window-save-sound = 片段另存为 WAV…
window-write-back = 写回检查点…
window-open-workspace = 打开工作区…
window-save-workspace = 工作区另存为…
window-quit = 退出
window-undo = 撤销
    .what = 撤销：{ $what }
    .why-not = 没有可撤销的编辑
window-redo = 重做
    .what = 重做：{ $what }
    .why-not = 没有撤销过任何编辑
window-defaults = 规则的默认值
    .why-not = 所有参数都已是规则的默认值
window-usual-layout = 默认布局
window-theme-system = 跟随系统主题
window-theme-light = 浅色
window-theme-dark = 深色
window-language = 语言（Language）
    .system = 跟随系统
    .no-font = 未找到含汉字的字体：请安装一个（Debian 上为 fonts-noto-cjk），然后重新启动
# 文件名，以及以前打开过的文件。
window-files-none = 无
window-files-more = { $name } 及另外 { $n } 个
window-recent-none = 还没有打开过任何文件
window-recent-missing =
    已不存在：
    { $files }
# 声音。
window-sound-repeat = 循环
    .help = 到片段末尾后重新开始
    .off = 不循环
window-sound-wav = WAV…
    .name = 片段另存为 WAV
    .help = 将所选片段以此处选定的版本写为 WAV
window-sound-stop = 停止播放
    .help = 静音：`P`
window-sound-play = 播放片段
    .help = 播放所选片段；未选择时从头播放，最多 { $secs } s：`P`
window-sound-source = 源音频
    .name = 听源音频
    .help = 音频本身，即特征所见的样子。播放时可用 `↑` 和 `↓` 切换
window-sound-layers = { $layers ->
    [1] 听第一层
   *[other] 听前 { $layers } 层
    }
    .help = { $layers ->
        [1] 经过第一层之后的声音
       *[other] 经过前 { $layers } 层之后的声音
        }
window-sound-to-be-made = { $help }：尚未生成
window-sound-of-code = 第 { $layer } 层码字 { $code } 的帧
window-sound-distance = 与源音频相差 { $distance } dB
window-sound-until-source = 暂播源音频，直到源音频可听
window-sound-until-layers = { $layers ->
    [1] 暂播源音频，直到第一层可听
   *[other] 暂播源音频，直到前 { $layers } 层可听
    }
window-sound-place = 距离为对数谱距离：两个频谱以 dB 计之差在各频点上的均方根，再对各帧取平均
window-sound-making = 正在生成声音
    .layer = 正在生成第 { $done } 层的声音（共 { $layers } 层）
window-sound-stretch = { $from } 至 { $to }
    .idle = 可听：{ $from } 至 { $to }
window-sound-secs = { $secs } s
    .clip = { $clip } { $secs } s
window-sound-frame = 第 { $frame } 帧
    .clip = { $clip } 第 { $frame } 帧
# 状态栏。
window-notice =
    { $text }

    单击查看全部通知
window-hint-drop = 可将文件拖放到任意位置
window-hint-train = Ctrl+Enter 训练，F1 帮助
window-hint-running = Space 暂停，Esc 停止
window-hint-paused = Space 继续，. 执行一步
window-drop = { $n ->
    [1] 松开以打开此文件
   *[other] 松开以打开 { $n } 个文件
    }
# 数据已不在原处。
window-missing = { $title } 在哪里？
    .text = 有运行引用这些数据。其数值和曲线都在；编码、评估和继续训练需要这些帧
window-missing-locate = 定位…
    .help = 指定文件现在的位置；它们将被视为相同的数据
window-missing-leave = 保持关闭
    .help = 在没有这些帧的情况下继续
# 写入文件。
window-saved = 已保存：{ $path }
window-saved-without = 已保存：{ $path }（缺少 { $n } 个图形：文件中没有空间或没有对应的形式）
window-no-thread = 无法启动写文件的线程：{ $problem }
# 对话框。
window-ask-folder = 文件夹
window-ask-file = 文件
window-ask-hint = 系统在此不提供文件对话框，因此需输入路径；也可以将文件拖放到窗口上
window-ask-save = 保存
window-ask-open = 打开
window-ask-replace = 替换
    .text = 已有同名文件。要替换吗？{ $path }
window-wanted-files = 打开音频、特征、码字或模型
window-wanted-folder = 打开文件夹
window-wanted-watch = 监视训练写入检查点的文件夹
window-wanted-model = 保存模型
window-wanted-codes = 保存码字
window-wanted-sound = 按所听到的保存片段
window-wanted-report = 将报告保存到文件夹
window-wanted-checkpoint = 选择模型所来自的检查点
window-wanted-write-back = 保存写入了模型的检查点
window-wanted-data = 选择运行所引用的文件
window-wanted-open-workspace = 打开工作区
window-wanted-save-workspace = 保存工作区
window-wanted-text = 保存数据
window-wanted-picture = 保存图像
window-wanted-drawing = 保存绘图
window-kind-workspace = 工作区
window-kind-checkpoint = 检查点
window-kind-npy = NumPy 数组
window-kind-wav = WAV 音频
window-kind-csv = CSV 表格
window-kind-png = PNG 图像
window-kind-svg = SVG 绘图
window-kind-readable = 音频、特征、码字、模型
window-kind-all = 所有文件
