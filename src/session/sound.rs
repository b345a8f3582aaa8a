//! Listening: a stretch of the data, or the places where a code is used, made audible after each layer and played.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::features::Inversion;
use crate::jobs::{CodePlaces, Dataset, HeardTakes, JobSpec, ListenSpec, TakesSpec, Voice, check_audible};
use crate::rvq::Rvq;
use crate::rvq::search::Search;
use crate::sound::{Player, Server, SoundError, Status, Takes};
use crate::task::Progress;
use crate::text::{Message, t};

use super::activity::Doing;
use super::command::SoundCommand;
use super::severity::Severity;
use super::transport::{Move, SoundState, Transport};
use super::{Session, View};

/// The longest stretch that is made audible at once, in seconds: every layer of it is.
pub const MOST_SECS: f64 = 30.0;
/// What is heard where nothing is selected.
const BEGINNING_SECS: f64 = 10.0;
/// A shorter one is no more than a click, and is heard with what lies around it.
const LEAST_SECS: f64 = 0.5;
/// Snippets of a code that are heard, and the frames on either side of each.
const SNIPPETS: usize = 20;
const CONTEXT_SECS: f64 = 0.1;

/// What is heard, and by what.
#[derive(Default)]
pub(super) struct Listening {
    transport: Transport,
    looping: bool,
    /// What the takes are of, or will be.
    of: Option<Of>,
    /// As many of them as are made.
    takes: Option<Arc<HeardTakes>>,
    player: Option<Player>,
    /// Where to play; the usual server.
    server: Server,
}

/// What takes are made of.
#[derive(Clone)]
struct Of {
    dataset: Arc<Dataset>,
    rvq: Option<Arc<Rvq>>,
    search: Search,
    frames: Range<usize>,
    /// Layer and code, where the places of a code are heard.
    code: Option<(usize, usize)>,
}

impl PartialEq for Of {
    fn eq(&self, other: &Self) -> bool {
        let same_rvq = match (&self.rvq, &other.rvq) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) && self.search == other.search,
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.dataset, &other.dataset)
            && same_rvq
            && (&self.frames, self.code) == (&other.frames, other.code)
    }
}

/// What can be heard, and what is.
#[derive(Debug, Clone, PartialEq)]
pub struct SoundLook {
    /// Whether something is heard, or made to be.
    pub state: SoundState,
    /// Which version is chosen: 0 for the source, else so many layers.
    pub take: usize,
    /// Which one is heard: another one while the chosen one is being made.
    pub heard: Option<usize>,
    /// How many versions there are or can be: the source and one for each layer.
    pub takes: usize,
    /// How many of them can be heard at once: those that are made, all of them while nothing is played or made.
    pub made: usize,
    /// Whether it begins again at its end.
    pub looping: bool,
    /// Whether versions are being made, and how far that is.
    pub making: Option<Option<Progress>>,
    /// The frame that is heard now, counted through all clips.
    pub frame: Option<usize>,
    /// The frames that would be heard, or are: the selected stretch, or the beginning where none is.
    pub frames: Range<usize>,
    /// The code whose places are heard, with its layer.
    pub code: Option<(usize, usize)>,
    /// The log-spectral distance of the version to the source in dB, once it is known.
    pub distance_db: Option<f64>,
    /// Why there is the source alone.
    pub source_alone: Option<Message>,
}

impl Session {
    /// What can be heard of the data; `None` where they were not made of audio.
    #[must_use]
    pub fn sound(&self) -> Option<SoundLook> {
        let dataset = self.dataset().filter(|dataset| is_of_audio(dataset))?;
        let Listening { transport, looping, takes: known, player, of, .. } = &self.listening;
        let (state, heard) = (transport.state(), transport.heard());
        let is_on = state != SoundState::Idle;
        let layers = self.sounding_view().map_or(0, |view| view.run.rvq.num_layers());
        let takes = known.as_ref().filter(|_| is_on).map_or(layers + 1, |known| known.versions);
        let made = known.as_ref().map_or(0, |known| known.takes.len());
        let of = of.as_ref().filter(|_| is_on);
        let take = transport.chosen().min(takes.saturating_sub(1));
        let told = heard.unwrap_or(take).checked_sub(1);
        Some(SoundLook {
            state,
            take,
            heard,
            takes,
            made: if is_on { made } else { takes },
            looping: *looping,
            making: self.activity.sounding().map(|job| job.progress.clone()),
            frame: player
                .as_ref()
                .filter(|_| state == SoundState::Playing)
                .and_then(Player::position)
                .and_then(|at| known.as_ref()?.frame_at(at)),
            frames: of.map_or_else(|| self.heard_frames(dataset), |of| of.frames.clone()),
            code: of.and_then(|of| of.code),
            distance_db: told.and_then(|nth| *known.as_ref()?.distances_db.get(nth)?),
            source_alone: known.as_ref().and_then(|known| known.source_alone.clone()),
        })
    }

    /// Where sound is played from now on.
    pub fn set_sound_server(&mut self, server: Server) {
        self.stop_sound();
        self.listening.player = None;
        self.listening.server = server;
    }

    /// Whether something is played.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.listening.transport.state() == SoundState::Playing
    }

    pub(super) fn apply_sound(&mut self, command: SoundCommand) {
        match command {
            SoundCommand::Play => self.play(None),
            SoundCommand::PlayCode(layer, code) => self.play(Some((layer, code))),
            SoundCommand::Stop => self.stop_sound(),
            SoundCommand::Take(take) => {
                let next = self.listening.transport.choose(take);
                self.move_on(next);
            }
            SoundCommand::Loop(on) => {
                self.listening.looping = on;
                if let Some(player) = &self.listening.player {
                    player.set_looping(on);
                }
            }
        }
    }

    fn stop_sound(&mut self) {
        self.activity.drop_where(|doing| matches!(doing, Doing::Sounding));
        self.listening.transport.stop();
        if let Some(player) = &self.listening.player {
            player.stop();
        }
    }

    /// Plays what is selected, or the places of a code, as soon as it can be heard.
    fn play(&mut self, code: Option<(usize, usize)>) {
        let Some(dataset) = self.dataset().cloned() else {
            return self.notify(Severity::Warning, t!("session-nothing-to-listen-to"));
        };
        if !is_of_audio(&dataset) {
            let why = check_audible(&dataset).err().map(|err| err.to_string()).unwrap_or_default();
            return self.notify(Severity::Warning, why);
        }
        let frames = match code {
            Some(_) => 0..dataset.set.matrix.num_frames(),
            None => self.heard_frames(&dataset),
        };
        let view = self.sounding_view();
        let (rvq, search) =
            view.map_or((None, Search::Greedy), |view| (Some(view.run.rvq.clone()), view.entry.searched()));
        let of = Of { dataset, rvq, search, frames, code };
        if self.listening.of.as_ref() != Some(&of) {
            self.activity.drop_where(|doing| matches!(doing, Doing::Sounding));
            self.listening.player = None;
            self.listening.takes = None;
        }
        let known = self.listening.takes.clone();
        let layers = of.rvq.as_ref().map_or(0, |rvq| rvq.num_layers());
        let (made, versions) =
            known.as_ref().map_or((0, layers + 1), |known| (known.takes.len(), known.versions));
        if made < versions && self.activity.sounding().is_none() {
            let spec = JobSpec::Takes(Box::new(of.spec(known)));
            self.activity.start(t!("session-making-audible"), Doing::Sounding, spec);
        }
        self.listening.of = Some(of);
        let next = self.listening.transport.ask(made, versions);
        self.move_on(next);
    }

    /// Versions are there, the first ones or more than before.
    pub(super) fn take_takes(&mut self, heard: Arc<HeardTakes>) {
        let made_before = self.listening.takes.as_ref().map_or(0, |known| known.takes.len());
        let (made, versions) = (heard.takes.len(), heard.versions);
        if made <= made_before {
            return;
        }
        if let Some(why) = heard.source_alone.as_ref().filter(|_| made_before == 0) {
            self.notify(Severity::Info, t!("session-source-alone", why = why));
        }
        if let (Some(player), Ok(takes)) = (&self.listening.player, takes_of(&heard)) {
            player.renew(takes);
        }
        self.listening.takes = Some(heard);
        let next = self.listening.transport.arrive(made, versions);
        self.move_on(next);
    }

    /// No more versions come.
    pub(super) fn end_making(&mut self) {
        self.listening.transport.finish();
    }

    /// Has the player do what comes next.
    fn move_on(&mut self, next: Option<Move>) {
        match next {
            None => {}
            Some(Move::Begin(version)) => self.play_version(version),
            Some(Move::Switch(version)) => {
                if let Some(player) = &self.listening.player {
                    player.switch(version);
                }
            }
        }
    }

    /// Plays a version from the start, with a new player where there is none that works.
    fn play_version(&mut self, version: usize) {
        let Listening { transport, looping, takes, player, server, .. } = &mut self.listening;
        let Some(heard) = takes else { return };
        let is_lost = |player: &Player| matches!(player.status(), Status::Failed(_));
        if player.as_ref().is_none_or(is_lost) {
            match takes_of(heard) {
                Ok(takes) => *player = Some(Player::open(takes, server.clone())),
                Err(err) => {
                    transport.lose();
                    return self.notify(Severity::Warning, err.to_string());
                }
            }
        }
        if let Some(player) = player {
            player.play(version, 0..heard.num_samples(), *looping);
        }
    }

    /// A player that is done is silent; one that has failed says why, once.
    pub(super) fn poll_sound(&mut self) {
        match self.listening.player.as_ref().map(Player::status) {
            Some(Status::Failed(err)) => {
                self.listening.player = None;
                self.listening.transport.lose();
                let words = t!("session-nothing-heard", error = err.to_string());
                self.notify(Severity::Warning, words);
            }
            Some(Status::Silent) if self.is_playing() => {
                self.listening.transport.end();
                self.revision += 1;
            }
            _ => {}
        }
    }

    /// The stretch that is selected, as it is heard, for a file.
    pub(super) fn sound_to_save(&self, path: PathBuf) -> Result<JobSpec, &'static str> {
        let dataset = self.dataset().filter(|dataset| is_of_audio(dataset));
        let dataset = dataset.ok_or_else(|| t!("session-not-of-audio"))?;
        let voice = match (self.listening.transport.chosen(), self.sounding_view()) {
            (0, _) | (_, None) => Voice::Source,
            (take, Some(view)) => {
                let rvq = view.run.rvq.clone();
                let layers = take.min(rvq.num_layers());
                Voice::Quantized { rvq, layers, search: view.entry.searched() }
            }
        };
        let frames = self.heard_frames(dataset);
        let spec = ListenSpec {
            dataset: dataset.clone(),
            voice,
            frames,
            code: None,
            inversion: Inversion::default(),
        };
        Ok(JobSpec::SaveSound(Box::new(spec), path))
    }

    /// The run whose layers are heard: the shown one, where it takes these data.
    fn sounding_view(&self) -> Option<View<'_>> {
        let dim = self.dataset()?.set.matrix.dim();
        self.view().filter(|view| view.run.rvq.dim() == dim)
    }

    /// The selected frames, or the beginning of the data: no shorter and no longer than what is worth hearing.
    fn heard_frames(&self, dataset: &Dataset) -> Range<usize> {
        let all = dataset.set.matrix.num_frames();
        let rate = dataset.set.frame_rate_hz.unwrap_or(1.0);
        let (least, most) = ((LEAST_SECS * rate).ceil() as usize, (MOST_SECS * rate) as usize);
        let (start, end) = self.selection.frames.unwrap_or((0, (BEGINNING_SECS * rate) as usize));
        let (start, end) = (start.min(all.saturating_sub(1)), end.min(all));
        let len = end.saturating_sub(start).clamp(least.min(all), most.max(1));
        // Grown about its middle, and within the data.
        let middle = start + end.saturating_sub(start) / 2;
        let start = if end.saturating_sub(start) < len { middle.saturating_sub(len / 2) } else { start };
        let start = start.min(all.saturating_sub(len));
        start..(start + len).min(all)
    }
}

impl Of {
    /// What is to be made, where `made` is there.
    fn spec(&self, made: Option<Arc<HeardTakes>>) -> TakesSpec {
        let Self { dataset, rvq, search, frames, code } = self.clone();
        let code = code.zip(rvq.clone()).map(|((layer, code), rvq)| self.places(rvq, layer, code));
        TakesSpec { dataset, rvq, search, frames, code, inversion: Inversion::default(), made }
    }

    /// The places of one of its codes.
    fn places(&self, rvq: Arc<Rvq>, layer: usize, code: usize) -> CodePlaces {
        let rate = self.dataset.set.frame_rate_hz.unwrap_or(0.0);
        let context = (CONTEXT_SECS * rate).ceil() as usize;
        CodePlaces { rvq, search: self.search, layer, code: code as u32, context, most: SNIPPETS }
    }
}

/// The versions as a player takes them.
fn takes_of(heard: &HeardTakes) -> Result<Takes, SoundError> {
    Takes::new(heard.takes.clone(), heard.sample_rate_hz)
}

/// Whether there is sound to the frames.
fn is_of_audio(dataset: &Dataset) -> bool {
    !dataset.audio.is_empty() && dataset.set.extract.is_some()
}

// What says nothing is a socket here.
#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use ndarray::Array2;

    use super::*;
    use crate::features::{ExtractParams, FeatureMatrix, FeatureSet};
    use crate::jobs::{AudioClip, DataSpec, JobError, JobEvent, JobOutput, Source, Span};
    use crate::rvq::Codebook;
    use crate::session::mailbox::{Ending, Mailbox};
    use crate::session::{Body, Origin, RunState};
    use crate::training::Run;

    /// A session with a second of audio and a quantizer of two layers, whose jobs do nothing, before a server that says nothing.
    struct Stage {
        session: Session,
        _server: UnixListener,
        _dir: tempfile::TempDir,
    }

    impl Stage {
        fn new() -> Self {
            let mut session = Session::new(Arc::new(|| {}));
            session.activity.mailboxes = Some(Vec::new());
            let values = FeatureMatrix::new(Array2::from_elem((100, 80), 0.5)).unwrap();
            let mut set = FeatureSet::single("clip", values, Some(100.0));
            set.extract = Some(ExtractParams::default());
            let samples = vec![0.1; 16_000];
            let dataset = Dataset {
                source: Source::Files(vec!["clip.wav".into()]),
                set: Arc::new(set),
                audio: vec![AudioClip { name: "clip".to_owned(), samples, sample_rate_hz: 16_000 }],
                time_axis: None,
                summary: Message::verbatim(""),
            };
            session.corpus.add(&mut session.ids, Arc::new(dataset), DataSpec::default(), Vec::new());
            let layer = || Codebook::from_rows(Array2::zeros((4, 80))).unwrap().into();
            let rvq = Arc::new(Rvq::new(vec![layer(), layer()]).unwrap());
            let run = Arc::new(Run::of_model("a run".to_owned(), rvq, None, 0));
            let body = Body::Quantizer(run);
            let (origin, state) = (Origin::Trained { from: None }, RunState::Done);
            let id = session.runs.add(&mut session.ids, "a run".to_owned(), origin, state, body).id;
            session.runs.show(Some(id));
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("mute");
            let _server = UnixListener::bind(&path).unwrap();
            session.set_sound_server(Server::At(path));
            Self { session, _server, _dir: dir }
        }

        fn look(&self) -> SoundLook {
            self.session.sound().unwrap()
        }

        /// The job that makes versions tells that so many of three are made.
        fn made(&mut self, made: usize) -> Arc<HeardTakes> {
            let heard = Arc::new(HeardTakes {
                takes: vec![vec![0.0; 1600].into(); made],
                versions: 3,
                distances_db: (1..made).map(|nth| Some(nth as f64)).collect(),
                sample_rate_hz: 16_000,
                hop: 160,
                spans: vec![Span { samples: 0..1600, first_frame: 0 }],
                source_alone: None,
            });
            self.jobs().last().unwrap().post(JobEvent::Takes(heard.clone()));
            self.session.poll();
            heard
        }

        fn jobs(&self) -> &[Arc<Mailbox>] {
            self.session.activity.mailboxes.as_deref().unwrap()
        }
    }

    #[test]
    fn the_source_is_heard_while_versions_are_made_and_each_can_be_chosen_when_it_is_there() {
        let mut stage = Stage::new();
        stage.session.apply(SoundCommand::Take(2));
        stage.session.apply(SoundCommand::Play);
        let look = stage.look();
        assert_eq!((look.state, look.take, look.takes, look.made), (SoundState::Making, 2, 3, 0));
        stage.made(1);
        let look = stage.look();
        assert_eq!((look.state, look.heard, look.take, look.made), (SoundState::Playing, Some(0), 2, 1));
        assert!(look.making.is_some() && look.distance_db.is_none());
        // One that is there can be heard before the one that was chosen first.
        stage.made(2);
        stage.session.apply(SoundCommand::Take(1));
        assert_eq!((stage.look().heard, stage.look().distance_db), (Some(1), Some(1.0)));
        stage.session.apply(SoundCommand::Take(2));
        assert_eq!(stage.look().heard, Some(1), "until it is there");
        let whole = stage.made(3);
        let look = stage.look();
        assert_eq!((look.heard, look.made, look.distance_db), (Some(2), 3, Some(2.0)));
        stage.jobs()[0].end(Ending::Done(Box::new(JobOutput::Takes(whole))));
        stage.session.poll();
        let look = stage.look();
        assert_eq!((look.state, look.making.is_none()), (SoundState::Playing, true));
        // Again, from the start: nothing is made anew.
        stage.session.apply(SoundCommand::Play);
        assert_eq!((stage.jobs().len(), stage.look().heard), (1, Some(2)));
        stage.session.apply(SoundCommand::Stop);
        assert_eq!((stage.look().state, stage.look().heard), (SoundState::Idle, None));
    }

    #[test]
    fn a_stop_keeps_what_is_made_and_what_a_stopped_job_still_says_goes_nowhere() {
        let mut stage = Stage::new();
        stage.session.apply(SoundCommand::Play);
        stage.made(2);
        let stopped = stage.jobs()[0].clone();
        stage.session.apply(SoundCommand::Stop);
        assert_eq!((stage.look().state, stage.look().making), (SoundState::Idle, None));
        stopped.end(Ending::Failed(JobError::Input(Message::verbatim("too late"))));
        stage.session.poll();
        assert!(stage.session.notices().iter().all(|notice| !notice.text.contains("too late")));
        stage.session.apply(SoundCommand::Play);
        let look = stage.look();
        assert_eq!((look.state, look.made, stage.jobs().len()), (SoundState::Playing, 2, 2));
        // What cannot be made is a notice; what there is plays on.
        stage.jobs()[1].end(Ending::Failed(JobError::Input(Message::verbatim("no more"))));
        stage.session.poll();
        assert!(stage.session.notices().iter().any(|notice| notice.text == "no more"));
        let look = stage.look();
        assert_eq!((look.state, look.made, look.making), (SoundState::Playing, 2, None));
    }
}
