//! `mpirun -n R rvqscope train`: one training by several ranks, of which rank 0 tells and writes.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::features::Split;
use crate::io::{self, Need, TimeAxis};
use crate::jobs::{
    self, AfterEvery, DataSpec, JobCtx, JobError, JobEvent, OpenSpec, SaveSpec, SharedData, SharedResume,
    SharedTrainSpec, SharedTrained, agree,
};
use crate::ranks::{self, Membership, Ranks, gather_words};
use crate::rvq::{self, Rvq, RvqParams, ValidRvqParams, rules};
use crate::store::read_run;
use crate::task::Cancel;
use crate::training::Batches;

use super::args::rvq_id;
use super::progress::Reporter;
use super::step_logs::StepLogs;
use super::{
    Env, FAILED, INTERRUPTED, Usage, WRONG_USAGE, check_writable, flags, model, one_line, print, table, train,
};

/// What the command line of every rank gives before there are frames.
struct Prepared {
    out: PathBuf,
    params: RvqParams,
    start: Option<Arc<Rvq>>,
    resume: Option<SharedResume>,
    keep: Option<AfterEvery>,
    /// Rank 0 has it.
    logs: StepLogs,
}

/// One of the ranks.
struct Rank<'a> {
    ranks: Arc<dyn Ranks>,
    matches: &'a ArgMatches,
    env: Env,
}

/// Runs the command `name` as one of the ranks, and leaves them; gives the exit code.
pub(super) fn run_command(name: &str, matches: &ArgMatches, membership: Membership) -> u8 {
    let ranks: Arc<dyn Ranks> = Arc::new(membership.ranks);
    let is_first = ranks.rank() == 0;
    let threads = match flags::threads(matches) {
        0 => ranks::threads_a_rank(),
        threads => threads,
    };
    let reporter = Reporter::new(is_first && std::io::stderr().is_terminal());
    let rank = Rank { ranks, matches, env: Env { cancel: Cancel::default(), reporter, threads } };
    // Files are whole or not there, so that a process may end anywhere; the others are ended by `mpirun`, as this one is when another ends.
    let kept = checkpoint_path(matches);
    let _ = ctrlc::set_handler(move || {
        if is_first {
            let kept = kept.as_ref().filter(|path| path.exists());
            let go_on = kept.map(|path| format!("; --resume {} goes on", path.display())).unwrap_or_default();
            eprintln!("error: interrupted, or another rank has ended; no model was written{go_on}");
        }
        std::process::exit(i32::from(INTERRUPTED));
    });
    let done = match name {
        "train" => rank.train(),
        _ => {
            Err(Usage(format!("only `train` is done by several ranks; start `{name}` without mpirun")).into())
        }
    };
    rank.env.reporter.finish();
    let code = match done {
        Ok(()) => 0,
        Err(err) => {
            // All ranks have the same error, or know of it.
            if is_first {
                eprintln!("error: {}", one_line(&format!("{err:#}")));
            }
            if err.is::<Usage>() { WRONG_USAGE } else { FAILED }
        }
    };
    ranks::leave(membership);
    code
}

/// Where checkpoints go, where they are asked for.
fn checkpoint_path(matches: &ArgMatches) -> Option<PathBuf> {
    matches.try_get_one::<u64>("checkpoint-every").ok().flatten()?;
    flags::optional_path(matches, "out").map(|out| out.with_extension("checkpoint"))
}

impl Rank<'_> {
    fn is_first(&self) -> bool {
        self.ranks.rank() == 0
    }

    /// What every rank has done, or the error of the first that has not.
    fn agree<T>(&self, done: Result<T>) -> Result<T> {
        agree(&*self.ranks, done, |words| anyhow!(words))
    }

    /// Runs a job that rank 0 tells of; the others only tell what should be known.
    fn job<T>(
        &self,
        also: &(dyn Fn(&JobEvent) + Sync),
        work: impl FnOnce(&JobCtx<'_>) -> Result<T, JobError>,
    ) -> Result<T, JobError> {
        let is_first = self.is_first();
        let emit = |event: JobEvent| {
            if is_first || matches!(event, JobEvent::Notice(_)) {
                also(&event);
                self.env.reporter.event(&event);
            }
        };
        let Env { cancel, threads, .. } = &self.env;
        work(&JobCtx { cancel, emit: &emit, control: None, threads: *threads, live: false })
    }

    fn train(&self) -> Result<()> {
        self.check_alike()?;
        let Prepared { out, params, start, resume, keep, logs } = self.agree(self.prepare())?;
        let spec = OpenSpec {
            source: flags::source(self.matches),
            data: DataSpec { need: Need::Frames, ..flags::data_spec(self.matches)? },
        };
        let data = self.job(&|_| {}, |ctx| jobs::open_shared(&spec, self.ranks.clone(), ctx))?;
        self.tell_axis(&data);
        let params = self.for_data(params.validate()?, &data, resume.is_some())?;
        self.env.reporter.expect_steps(params.steps);
        let spec = SharedTrainSpec {
            name: format!("{}, {}", rules::rule(params.rule).id(), data.source.title()),
            data,
            params,
            holdout: flags::holdout(self.matches),
            search: flags::search(self.matches)?,
            start,
            resume,
            keep,
        };
        logs.begin(0, &spec.name, &spec.params, spec.holdout);
        let trained = self.job(&|event| logs.event(event), |ctx| jobs::train_shared(spec, ctx))?;
        let written = if self.is_first() { self.write(&trained, &out, logs) } else { Ok(()) };
        self.agree(written)
    }

    /// Whether all ranks were started alike, by the same version.
    fn check_alike(&self) -> Result<()> {
        let args: Vec<String> =
            std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
        let own = format!("{} {args:?}", env!("CARGO_PKG_VERSION"));
        let told = gather_words(&*self.ranks, Some(&own))?;
        if told.iter().all(|words| *words == told[0]) {
            return Ok(());
        }
        Err(Usage("the ranks were started with different arguments or versions".to_owned()).into())
    }

    fn prepare(&self) -> Result<Prepared> {
        let Self { matches, env, .. } = self;
        let refuse = |what: &str| {
            Err(Usage(format!("{what} is not done by several ranks; start it without mpirun")).into())
        };
        for flag in ["compare", "pitfall"] {
            if flags::is_given(matches, flag) {
                return refuse(&format!("--{flag}"));
            }
        }
        if flags::switch(matches, "standardize") {
            return refuse(
                "--standardize, which looks at all frames before the first step and finds the same codes,",
            );
        }
        let out = flags::path(matches, "out")?.to_owned();
        model::check_model_ending(&out)?;
        let (mut params, start) = flags::rvq_params(matches)?;
        let resume = flags::optional_path(matches, "resume")
            .map(|path| self.resumed(path, &mut params))
            .transpose()?;
        if resume.is_some() && start.is_some() {
            return Err(Usage(
                "--init MODEL begins a training and --resume goes on with one: use one of the two".to_owned(),
            )
            .into());
        }
        io::check_model(&out, params.metric)?;
        let mut logs = StepLogs::default();
        if self.is_first() {
            check_writable(&out)?;
            logs = StepLogs::of_one(matches)?;
        }
        let start = train::start(&mut params, start, matches, env)?;
        params.validate()?;
        let steps = matches.get_one::<u64>("checkpoint-every");
        let keep = checkpoint_path(matches).zip(steps).map(|(path, &steps)| AfterEvery { steps, path });
        Ok(Prepared { out, params, start, resume, keep, logs })
    }

    /// The training that was kept in the file at `path`, whose parameters take the place of `params`.
    ///
    /// Flags may say what it says, so that the command that was ended can be given again; only the number of steps may be another.
    fn resumed(&self, path: &Path, params: &mut RvqParams) -> Result<SharedResume> {
        let stored = read_run(path)?;
        let Some(state) = &stored.trainer else {
            bail!("this file holds no training that could be taken up: {}", path.display());
        };
        let is_given = |key: &str| flags::is_given(self.matches, &rvq_id(key));
        for spec in rvq::PARAMS.iter().filter(|spec| spec.key != "steps" && is_given(spec.key)) {
            let (said, has) = ((spec.read)(params), (spec.read)(&state.params));
            if said != has {
                bail!(
                    "--{} is {said}, but the training to be taken up has {has}: {}",
                    spec.flag,
                    path.display()
                );
            }
        }
        if flags::is_given(self.matches, "rule") && params.rule != state.params.rule {
            bail!(
                "--rule is {}, but the training to be taken up has {}: {}",
                params.rule,
                state.params.rule,
                path.display()
            );
        }
        let steps = if is_given("steps") { params.steps } else { state.params.steps };
        *params = RvqParams { steps, ..state.params };
        Ok(SharedResume(Arc::new(stored)))
    }

    /// As in one process, over the frames of all ranks: with what fits the data, and the steps of so many epochs. All ranks know how many frames
    /// there are, and come to the same; a training that is taken up has what fits already.
    fn for_data(
        &self,
        params: ValidRvqParams,
        data: &SharedData,
        is_resumed: bool,
    ) -> Result<ValidRvqParams> {
        let split = Split::of_clips(data.num_frames(), &data.clips, flags::holdout(self.matches).0);
        let tell = |words: String| {
            if self.is_first() {
                self.env.reporter.note(&words);
            }
        };
        let params = if is_resumed {
            params
        } else {
            train::fitted(params, &split, data.own.matrix.dim(), self.matches, tell)?
        };
        self.for_epochs(params, &split)
    }

    /// As [`train::for_epochs`].
    fn for_epochs(&self, params: ValidRvqParams, split: &Split) -> Result<ValidRvqParams> {
        let Some(&epochs) = self.matches.get_one::<u64>("epochs") else { return Ok(params) };
        let frames = Split::count(&split.train);
        let steps = Batches::in_epoch(frames, params.order, params.batch_size).saturating_mul(epochs);
        Ok(RvqParams { steps, ..*params }.validate()?)
    }

    fn tell_axis(&self, data: &SharedData) {
        if let Some((TimeAxis::Columns, why)) = &data.time_axis
            && self.is_first()
            && !flags::is_given(self.matches, "time-axis")
        {
            self.env
                .reporter
                .note(&format!("columns were taken for frames ({why}); --time-axis rows says otherwise"));
        }
    }

    fn write(&self, trained: &SharedTrained, out: &Path, logs: StepLogs) -> Result<()> {
        let spec = SaveSpec { run: trained.run.clone(), path: out.to_owned() };
        self.job(&|_| {}, |ctx| jobs::save_model(&spec, ctx))?;
        logs.finish([&*trained.run])?;
        train::tell_of(&trained.run, &trained.history, &self.env);
        Ok(print(&table::results(&trained.run, flags::format(self.matches)))?)
    }
}
