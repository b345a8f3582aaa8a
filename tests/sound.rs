//! The player against a real sound server, where one is installed: what comes out of it is what was put in.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs::File;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rvqscope::random::{self, Purpose};
use rvqscope::sound::{Player, Server, SoundError, Status, Takes};
use tempfile::TempDir;

const RATE: u32 = 16_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sound server of the test's own, whose one device is a sink that nobody hears.
struct NullServer {
    dir: TempDir,
    _running: Running,
}

impl NullServer {
    /// `None`, and a word about it, where no server is installed.
    fn start() -> Option<Self> {
        let installed = |program: &str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
        };
        if !installed("pulseaudio") || !installed("parec") {
            println!("skipped: pulseaudio and parec are not installed");
            return None;
        }
        let dir = TempDir::new().unwrap();
        let sink = format!(
            "module-null-sink sink_name=heard rate={RATE} channels=1 channel_map=mono format=float32le"
        );
        let socket = format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            dir.path().join("native").display()
        );
        let child = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"])
            .args(["--realtime=no", "--high-priority=no", "-L", &sink, "-L", &socket])
            .env("HOME", dir.path())
            .env("XDG_RUNTIME_DIR", dir.path())
            .env("PULSE_RUNTIME_PATH", dir.path().join("run"))
            .env("PULSE_STATE_PATH", dir.path().join("state"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { dir, _running: Running(child) };
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(server.socket()).is_err() {
            assert!(start.elapsed() < PATIENCE, "the sound server does not come up");
            sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("native")
    }

    /// Records what the sink is given until the recording is dropped.
    fn record(&self) -> (Running, PathBuf) {
        let path = self.dir.path().join("heard.raw");
        let child = Command::new("parec")
            .arg(format!("--server=unix:{}", self.socket().display()))
            .args([
                "--device=heard.monitor",
                "--raw",
                "--format=float32le",
                "--channels=1",
                "--latency-msec=20",
            ])
            .arg(format!("--rate={RATE}"))
            .env("HOME", self.dir.path())
            .stdout(File::create(&path).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while std::fs::metadata(&path).unwrap().len() == 0 {
            assert!(start.elapsed() < PATIENCE, "nothing is recorded");
            sleep(Duration::from_millis(20));
        }
        (Running(child), path)
    }
}

fn recorded(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Noise, which is like itself at no other place.
fn noise(seed: u64, len: usize) -> Arc<[f32]> {
    let mut rng = random::stream(seed, Purpose::Data, 0);
    (0..len).map(|_| random::unit(&mut rng) as f32 - 0.5).collect()
}

/// Where `part` begins in `heard`, by the largest correlation, and how large that is from 0 to 1.
fn find(heard: &[f32], part: &[f32]) -> (usize, f64) {
    let norm = |values: &[f32]| values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let at = |start: usize| {
        let window = &heard[start..start + part.len()];
        let product: f64 = window.iter().zip(part).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        product / (norm(window) * norm(part)).max(1e-12)
    };
    let best = (0..=heard.len() - part.len()).map(|start| (start, at(start)));
    best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn what_is_heard_is_what_was_played_and_takes_are_switched_in_their_place() {
    let Some(server) = NullServer::start() else { return };
    let len = 2 * RATE as usize;
    let takes = [noise(1, len), noise(2, len)];
    // The other take comes while the first one plays.
    let first = Takes::new(vec![takes[0].clone()], RATE).unwrap();
    let player = Player::open(first, Server::At(server.socket()));
    player.wait_until_open(PATIENCE).unwrap();
    assert_eq!((player.status(), player.position()), (Status::Silent, None));
    let (recording, path) = server.record();

    player.play(0, 1600..len, false);
    assert_eq!(player.status(), Status::Playing);
    let (start, mut positions) = (Instant::now(), Vec::new());
    let mut is_switched = false;
    while player.status() == Status::Playing {
        assert!(start.elapsed() < PATIENCE, "it plays on");
        positions.extend(player.position());
        if !is_switched && player.position().is_some_and(|position| position > len / 2) {
            player.renew(Takes::new(takes.to_vec(), RATE).unwrap());
            player.switch(1);
            is_switched = true;
        }
        sleep(Duration::from_millis(5));
    }
    let took = start.elapsed().as_secs_f64();
    assert!(took > 1.7 && took < 8.0, "1.9 s took {took} s");
    assert!(positions.is_sorted(), "the place moves on");
    assert!(positions.iter().all(|position| (1600..=len).contains(position)) && positions.len() > 20);
    assert_eq!(player.position(), None, "silent again");
    sleep(Duration::from_millis(400));
    drop(recording);

    let heard = recorded(&path);
    // The monitor of a sink hands out what the sink has rendered, though the beginning of a stream may still take its place: its first blink is not
    // in the recording.
    let (blink, behind) = (320, 1600 + 320);
    let (first, likeness) = find(&heard, &takes[0][behind..behind + 1000]);
    assert!(likeness > 0.999, "the beginning of the stretch is heard: {likeness}");
    // From there on every sample is that of one take or the other, but for the short fade between them.
    let heard = &heard[first - blink..];
    let is_of = |take: usize, at: usize| (heard[at] - takes[take][1600 + at]).abs() < 1e-4;
    let switched = (blink..len - 1600).find(|&at| !is_of(0, at)).unwrap();
    let late = (switched + 100..len - 1600).filter(|&at| !is_of(1, at)).count();
    println!("switched {switched} samples behind the start, {late} samples were of neither take");
    assert!(switched + 1600 >= len / 2, "after it was told to: {switched}");
    assert!(switched + 1600 < len / 2 + RATE as usize / 2, "and soon: {switched}");
    assert_eq!(late, 0, "without a gap, in its place");
    let after = &heard[len - 1600..];
    assert!(after.iter().all(|&v| v.abs() < 1e-4), "silence behind the end");
}

#[test]
fn a_loop_goes_on_until_it_is_stopped_and_another_stretch_can_follow() {
    let Some(server) = NullServer::start() else { return };
    let take = noise(3, RATE as usize);
    let player = Player::open(Takes::new(vec![take.clone()], RATE).unwrap(), Server::At(server.socket()));
    let (recording, path) = server.record();
    player.play(0, 800..4000, true);
    let (mut rounds, mut last, start) = (0, 0, Instant::now());
    while rounds < 3 {
        assert!(start.elapsed() < PATIENCE, "it does not come round");
        if let Some(position) = player.position() {
            rounds += usize::from(position < last);
            last = position;
        }
        sleep(Duration::from_millis(5));
    }
    player.stop();
    player.wait_until_silent(PATIENCE).unwrap();
    assert_eq!(player.position(), None);
    player.play(0, 8000..9600, true);
    sleep(Duration::from_millis(150));
    player.set_looping(false);
    player.wait_until_silent(PATIENCE).unwrap();
    sleep(Duration::from_millis(400));
    drop(recording);
    let heard = recorded(&path);
    let round: Vec<f32> = [&take[800..4000], &take[800..4000]].concat();
    assert!(find(&heard, &round).1 > 0.999, "end and beginning without a gap");
    assert!(find(&heard, &take[8000..9600]).1 > 0.999, "the other stretch");
}

#[test]
fn no_server_is_a_sentence_at_once() {
    let dir = TempDir::new().unwrap();
    let takes = || Takes::new(vec![noise(4, 100)], RATE).unwrap();
    let start = Instant::now();
    let player = Player::open(takes(), Server::At(dir.path().join("missing")));
    player.play(0, 0..100, false);
    let err = player.wait_until_open(PATIENCE).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(err.to_string().starts_with("the sound server cannot be reached: "), "{err}");
    assert_eq!(player.status(), Status::Failed(err));
    assert_eq!(player.position(), None);
    // What is no socket, and what nobody listens at.
    let file = dir.path().join("file");
    std::fs::write(&file, "no socket").unwrap();
    let dead = dir.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    for path in [file, dead] {
        let err = Player::open(takes(), Server::At(path)).wait_until_open(PATIENCE).unwrap_err();
        assert!(
            matches!(err, SoundError::Server { what, .. } if what.english().ends_with("cannot be reached")),
            "{err}"
        );
    }
}

#[test]
fn a_server_that_says_nothing_or_nonsense_or_ends_holds_nobody_up() {
    let dir = TempDir::new().unwrap();
    let takes = || Takes::new(vec![noise(5, 100)], RATE).unwrap();
    let path = dir.path().join("mute");
    let _mute = UnixListener::bind(&path).unwrap();
    let start = Instant::now();
    let player = Player::open(takes(), Server::At(path));
    assert!(start.elapsed() < Duration::from_millis(500), "opening does not wait");
    let err = player.wait_until_open(PATIENCE).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(err.to_string().contains("nothing within 3 s"), "{err}");

    let path = dir.path().join("nonsense");
    let listener = UnixListener::bind(&path).unwrap();
    let answering = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(&[0xa5; 4096]);
    });
    let err = Player::open(takes(), Server::At(path)).wait_until_open(PATIENCE).unwrap_err();
    answering.join().unwrap();
    assert!(matches!(err, SoundError::Server { .. }), "{err}");

    let Some(server) = NullServer::start() else { return };
    let player = Player::open(takes(), Server::At(server.socket()));
    player.wait_until_open(PATIENCE).unwrap();
    player.play(0, 0..100, true);
    sleep(Duration::from_millis(100));
    drop(server);
    let start = Instant::now();
    while !matches!(player.status(), Status::Failed(_)) {
        assert!(start.elapsed() < PATIENCE, "the end of the server is not noticed");
        sleep(Duration::from_millis(20));
    }
    player.play(0, 0..100, true);
    player.stop();
}

/// Through ALSA, where no server runs: a device of its own that writes what it is given into a pipe, which is read no faster than sound is heard.
#[cfg(feature = "alsa")]
mod alsa {
    use std::io::Read;

    use super::*;

    /// Two seconds of noise at a rate that hardware has.
    const HARDWARE_RATE: u32 = 48_000;

    fn takes() -> Vec<Arc<[f32]>> {
        vec![noise(6, 2 * HARDWARE_RATE as usize), noise(7, 2 * HARDWARE_RATE as usize)]
    }

    /// A process of its own, since where ALSA and the server are looked for stands in the environment.
    fn child(dir: &Path, what: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", what, "--ignored", "--nocapture"])
            .env("HOME", dir)
            .env("XDG_RUNTIME_DIR", dir)
            .env("XDG_CONFIG_HOME", dir)
            .env("PULSE_SERVER", dir.join("no-server"))
            .env("ALSA_CONFIG_PATH", dir.join("asound.conf"));
        command
    }

    #[test]
    fn what_is_heard_through_alsa_is_what_was_played() {
        let dir = TempDir::new().unwrap();
        let pipe = dir.path().join("heard.raw");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let device = format!(
            "pcm.!default {{ type plug slave {{ pcm {{ type file file \"{}\" format raw slave.pcm {{ type null }} }} \
             format FLOAT_LE rate {HARDWARE_RATE} channels 2 }} }}\nctl.!default {{ type null }}\n",
            pipe.display()
        );
        std::fs::write(dir.path().join("asound.conf"), device).unwrap();
        let mut running = Running(child(dir.path(), "alsa::plays_two_takes").spawn().unwrap());
        let mut file = File::open(&pipe).unwrap();
        let (mut bytes, mut block) = (Vec::new(), vec![0u8; HARDWARE_RATE as usize / 50 * 8]);
        while let Ok(read @ 1..) = file.read(&mut block) {
            bytes.extend_from_slice(&block[..read]);
            sleep(Duration::from_secs_f64(read as f64 / f64::from(HARDWARE_RATE * 8)));
            assert!(bytes.len() < 60 * 8 * HARDWARE_RATE as usize, "it plays on");
        }
        assert!(running.0.wait().unwrap().success());
        let heard: Vec<f32> =
            bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        assert!(heard.as_chunks::<2>().0.iter().all(|[left, right]| left == right), "one channel on both");
        // A system that is late is silent for a while; what it plays is whole and in order.
        let heard: Vec<f32> = heard.into_iter().step_by(2).filter(|&v| v != 0.0).collect();
        let takes = takes();
        let is_of = |take: usize, at: usize| (heard[at] - takes[take][at]).abs() < 1e-6;
        let switched = (0..heard.len()).find(|&at| !is_of(0, at)).unwrap();
        let late = (switched + 240..heard.len()).filter(|&at| !is_of(1, at)).count();
        println!("{} samples, switched behind {switched}, {late} of neither take", heard.len());
        assert_eq!((heard.len(), late), (takes[0].len(), 0));
        assert!(switched > HARDWARE_RATE as usize, "it was told to behind the middle: {switched}");
    }

    #[test]
    #[ignore = "run by the test above in a process of its own"]
    fn plays_two_takes() {
        let player = Player::open(Takes::new(takes(), HARDWARE_RATE).unwrap(), Server::Usual);
        player.wait_until_open(PATIENCE).unwrap();
        player.play(0, 0..2 * HARDWARE_RATE as usize, false);
        let (start, mut is_switched, mut positions) = (Instant::now(), false, Vec::new());
        while player.status() == Status::Playing {
            assert!(start.elapsed() < PATIENCE, "it plays on");
            positions.extend(player.position());
            if !is_switched && player.position().is_some_and(|at| at > HARDWARE_RATE as usize) {
                player.switch(1);
                is_switched = true;
            }
            sleep(Duration::from_millis(5));
        }
        assert_eq!(player.status(), Status::Silent);
        assert!(is_switched && positions.is_sorted() && positions.len() > 20, "{positions:?}");
    }

    #[test]
    fn no_device_is_a_sentence() {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("asound.conf"), "").unwrap();
        let status = child(dir.path(), "alsa::finds_no_device").status().unwrap();
        assert!(status.success());
    }

    #[test]
    #[ignore = "run by the test above in a process of its own"]
    fn finds_no_device() {
        let takes = Takes::new(vec![noise(4, 100)], RATE).unwrap();
        let player = Player::open(takes, Server::Usual);
        player.play(0, 0..100, false);
        let err = player.wait_until_open(PATIENCE).unwrap_err();
        println!("{err}");
        assert!(matches!(err, SoundError::NoDevice | SoundError::Device { .. }), "{err}");
        assert_eq!(player.status(), Status::Failed(err));
    }
}
