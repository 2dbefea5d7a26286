//! One picture on its way: to the server, through its line, and back into a file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::{
    args::Existing,
    exit::{Exit, Failure},
    remove::{self, Fetched, Outcome, Place, Task},
};

use super::{
    client::Server,
    jobs::{self, Download, Job, Trouble},
    journal::{Entry, Journal, Stamp, State, Written},
    order::Order,
};

/// Pause between two looks at a job: half of its age within these bounds, so that a long job is asked for seldom.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all pictures of a run need.
#[derive(Debug)]
pub struct Works {
    /// Who does the work.
    pub server: Server,
    /// What is asked for.
    pub order: Order,
    /// Where it is written down, in the folder that it is in.
    pub journal: Option<(PathBuf, Arc<Mutex<Journal>>)>,
}

/// How a picture begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// By handing it in.
    Anew,
    /// By asking for a job that an earlier run left.
    Job(String, Stamp),
    /// It does not: an earlier run finished it.
    Finished,
    /// It does not: its result was there.
    Skipped,
}

impl Works {
    /// How a picture begins, by what the journal and the folder say.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or its result is there and may be neither replaced nor left alone.
    pub fn beginning(&self, task: &Task, existing: Existing) -> Result<Beginning, Failure> {
        let (Place::File(input), Place::File(output)) = (&task.input, &task.output) else {
            return Ok(if task.is_skipped(existing)? { Beginning::Skipped } else { Beginning::Anew });
        };
        let stamp = Stamp::of(input).map_err(|error| Failure::read(&error))?;
        let state = self.known(task).filter(|entry| entry.picture == stamp && entry.plan == self.order.digest());
        let state = state.map(|entry| entry.state);
        let finished = match &state {
            Some(State::Done(written)) => written.is_at(output),
            // Killed between the name and the line that says so, or just before.
            Some(State::Writing(written)) => written.is_whole_at(output),
            _ => false,
        };
        if finished {
            return Ok(Beginning::Finished);
        }
        if task.is_skipped(existing)? {
            return Ok(Beginning::Skipped);
        }
        Ok(match state {
            Some(State::Queued { server, job_id }) if server == self.server.address() => Beginning::Job(job_id, stamp),
            _ => Beginning::Anew,
        })
    }

    /// Brings a picture to its end.
    ///
    /// # Errors
    ///
    /// There is no result, and why; the journal has it.
    pub async fn bring(&self, task: &Task, left: Option<(String, Stamp)>) -> Result<Outcome, Trouble> {
        let outcome = self.go(task, left).await;
        if let Err(Trouble::Picture(Failure { code, message, .. })) = &outcome {
            let failed = State::Failed { code: code.to_string(), message: message.clone() };
            self.note(task, None, failed).await.map_err(Trouble::Run)?;
        }
        outcome
    }

    async fn go(&self, task: &Task, mut left: Option<(String, Stamp)>) -> Result<Outcome, Trouble> {
        let mut gone: Vec<String> = Vec::new();
        let mut stream = None;
        loop {
            // What an earlier run left may have been lost for good reasons; that is not counted.
            let was_left = left.is_some();
            let (job_id, stamp) = match left.take() {
                Some((job_id, stamp)) => (job_id, Some(stamp)),
                None => self.hand_in(task, &mut stream).await?,
            };
            match self.follow(&job_id, was_left).await? {
                Ok((bytes, fetched)) => {
                    self.deliver(task, stamp, bytes).await?;
                    return Ok(Outcome::Fetched(fetched));
                }
                Err(_) if was_left => {}
                Err(cause) if gone.contains(&cause) => {
                    let message = format!("the server lost it twice ({cause}); run the same command again");
                    return Err(Trouble::Picture(Failure::new(Exit::Server, cause, message)));
                }
                // The same picture and plan are computed once, however often they are handed in.
                Err(cause) => gone.push(cause),
            }
        }
    }

    /// Reads a picture and hands it in: the job's name, and what the picture was when it was read.
    async fn hand_in(&self, task: &Task, stream: &mut Option<Bytes>) -> Result<(String, Option<Stamp>), Trouble> {
        let (bytes, stamp) = match (&task.input, stream.take()) {
            (Place::File(path), _) => {
                let path = path.clone();
                remove::blocking(move || read(&path)).await.map_err(Trouble::Picture)?
            }
            (_, Some(bytes)) => (bytes, None),
            (place, None) => {
                let place = place.clone();
                let bytes = remove::blocking(move || remove::read(&place)).await.map_err(Trouble::Picture)?;
                (bytes, None)
            }
        };
        if stamp.is_none() {
            // A stream is read once.
            *stream = Some(bytes.clone());
        }
        if bytes.is_empty() {
            let message = "the file is empty; choose a file that holds a picture";
            return Err(Trouble::Picture(Failure::new(Exit::Picture(10), "empty_input", message)));
        }
        let job_id = jobs::submit(&self.server, &self.order, &bytes).await?;
        let queued = State::Queued { server: self.server.address().to_owned(), job_id: job_id.clone() };
        self.note(task, stamp, queued).await.map_err(Trouble::Run)?;
        Ok((job_id, stamp))
    }

    /// Waits for a job and fetches its result, or says why the server has neither any more.
    async fn follow(&self, job_id: &str, at_once: bool) -> Result<Result<(Bytes, Fetched), String>, Trouble> {
        let began = Instant::now();
        let mut pause = if at_once { Duration::ZERO } else { SHORTEST_PAUSE };
        loop {
            sleep(pause).await;
            match jobs::look(&self.server, job_id).await? {
                Job::Working => pause = (began.elapsed() / 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE),
                Job::Failed(failure) => return Err(Trouble::Picture(failure)),
                Job::Gone(cause) => return Ok(Err(cause)),
                Job::Done(url) => {
                    return Ok(match jobs::fetch(&self.server, &url, job_id).await? {
                        Download::Whole(bytes, fetched) => Ok((bytes, fetched)),
                        Download::Gone => Err("result_gone".to_owned()),
                    });
                }
            }
        }
    }

    /// Writes a result: first that it is coming, then the file, then that it is there.
    async fn deliver(&self, task: &Task, stamp: Option<Stamp>, bytes: Bytes) -> Result<(), Trouble> {
        let output = task.output.clone();
        let entry = self.entry(task, stamp, State::Writing(Written::of(&bytes)));
        let result = remove::blocking(move || {
            let (Place::File(path), Some((journal, writing))) = (&output, entry) else {
                return remove::write(&output, &bytes);
            };
            let locked = || journal.lock().unwrap_or_else(PoisonError::into_inner);
            remove::write_durably(path, &bytes, || {
                let mut journal = locked();
                journal.append(&writing)?;
                journal.sync()
            })?;
            locked().append(&Entry { state: State::Done(Written::of(&bytes)), ..writing })
        })
        .await;
        result.map_err(|failure| match failure.exit {
            // No other result would fit either, and the server would have worked for nothing.
            Exit::DiskFull => Trouble::Run(failure),
            _ => Trouble::Picture(failure),
        })
    }

    /// Writes a step down.
    async fn note(&self, task: &Task, stamp: Option<Stamp>, state: State) -> Result<(), Failure> {
        let Some((journal, entry)) = self.entry(task, stamp, state) else { return Ok(()) };
        remove::blocking(move || journal.lock().unwrap_or_else(PoisonError::into_inner).append(&entry)).await
    }

    /// What the journal shall say of a picture, where there is one and the picture is a file.
    fn entry(&self, task: &Task, stamp: Option<Stamp>, state: State) -> Option<(Arc<Mutex<Journal>>, Entry)> {
        let (_, journal) = self.journal.as_ref()?;
        let Place::File(input) = &task.input else { return None };
        let entry = Entry {
            output: self.name(task)?,
            input: written(input),
            picture: stamp.or_else(|| Stamp::of(input).ok())?,
            plan: self.order.digest().to_owned(),
            state,
        };
        Some((Arc::clone(journal), entry))
    }

    fn known(&self, task: &Task) -> Option<Entry> {
        let (_, journal) = self.journal.as_ref()?;
        journal.lock().unwrap_or_else(PoisonError::into_inner).known(&self.name(task)?).cloned()
    }

    /// The result's path from the journal's folder on.
    fn name(&self, task: &Task) -> Option<String> {
        let (folder, _) = self.journal.as_ref()?;
        let Place::File(output) = &task.output else { return None };
        Some(written(output.strip_prefix(folder).unwrap_or(output)))
    }
}

/// A picture's bytes, and its stamp from before they were read: if it changes meanwhile, it is known as changed.
fn read(path: &Path) -> Result<(Bytes, Option<Stamp>), Failure> {
    let stamp = Stamp::of(path).map_err(|error| Failure::read(&error))?;
    let bytes = remove::read(&Place::File(path.to_owned()))?;
    Ok((bytes, Some(stamp)))
}

/// A path as text. One that is no text is written with escapes: it names one file, if not to people.
fn written(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => path.as_os_str().as_encoded_bytes().escape_ascii().to_string(),
    }
}
