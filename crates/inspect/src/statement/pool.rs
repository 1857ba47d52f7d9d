//! A bounded pool of threads with large stacks, a bounded queue and a deadline for every job.
//!
//! Threads cannot be stopped from outside. A job that overruns is answered for by the watch, its thread is counted as
//! lost, and another takes its place; how many may be lost at once is bounded, too. When a lost thread comes back it
//! ends, if its place was taken.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::limits::{QUEUE_JOBS_MAX, SPARE_THREADS_MAX, STACK_BYTES};

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It did not end before its deadline, or did not even begin.
    Late,
    /// It panicked.
    Panicked,
    /// The pool was dropped.
    Closed,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

impl std::fmt::Display for Busy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("too many statements are waiting to be classified: try again later")
    }
}

impl std::error::Error for Busy {}

/// The pool. Dropping it ends its threads as they become idle.
#[derive(Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    budget: Duration,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is work, or an end.
    work: Condvar,
    /// There is another deadline, or an end.
    deadline: Condvar,
}

struct State {
    queue: VecDeque<Task>,
    running: BTreeMap<u64, (Instant, Fail)>,
    next: u64,
    /// Threads there should be.
    wanted: usize,
    /// Threads there are, lost ones among them.
    threads: usize,
    /// Threads whose job was answered for by the watch.
    lost: usize,
    closed: bool,
}

type Fail = Box<dyn FnOnce(Failure) + Send>;

struct Task {
    work: Box<dyn FnOnce() + Send>,
    fail: Fail,
    deadline: Instant,
}

impl Pool {
    /// A pool of this many threads, whose jobs end this long after they were handed in.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn new(threads: usize, budget: Duration) -> io::Result<Self> {
        let state = State {
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            next: 0,
            wanted: threads.max(1),
            threads: 0,
            lost: 0,
            closed: false,
        };
        let (work, deadline) = (Condvar::new(), Condvar::new());
        let pool = Self { shared: Arc::new(Shared { state: Mutex::new(state), work, deadline }), budget };
        for _ in 0..threads.max(1) {
            pool.shared.spawn(&mut pool.shared.lock())?;
        }
        let shared = Arc::clone(&pool.shared);
        thread::Builder::new().name("classifier-watch".to_owned()).spawn(move || shared.watch())?;
        Ok(pool)
    }

    /// Hands in a job. `done` is called once: with what `work` returns, or with what `failed` makes of a failure.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full; `done` is then not called.
    pub(super) fn submit<T: 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        failed: impl FnOnce(Failure) -> T + Send + 'static,
        done: impl FnOnce(T) + Send + 'static,
    ) -> Result<(), Busy> {
        // Whoever takes it answers.
        let answer = Arc::new(Mutex::new(Some(done)));
        let late_answer = Arc::clone(&answer);
        let task = Task {
            work: Box::new(move || {
                let result = work();
                if let Some(done) = take(&answer) {
                    done(result);
                }
            }),
            fail: Box::new(move |failure| {
                if let Some(done) = take(&late_answer) {
                    done(failed(failure));
                }
            }),
            deadline: Instant::now() + self.budget,
        };
        let mut state = self.shared.lock();
        if state.queue.len() >= QUEUE_JOBS_MAX {
            return Err(Busy);
        }
        state.queue.push_back(task);
        drop(state);
        self.shared.work.notify_one();
        self.shared.deadline.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.shared.lock();
            state.closed = true;
            std::mem::take(&mut state.queue)
        };
        self.shared.work.notify_all();
        self.shared.deadline.notify_all();
        waiting.into_iter().for_each(|task| (task.fail)(Failure::Closed));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of others runs under the lock, so what a panicking thread left is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let shared = Arc::clone(self);
        let builder = thread::Builder::new().name("classifier".to_owned()).stack_size(STACK_BYTES);
        builder.spawn(move || shared.serve())?;
        state.threads += 1;
        Ok(())
    }

    /// A thread that does jobs.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if state.closed || state.threads - state.lost > state.wanted {
                state.threads -= 1;
                return;
            }
            let Some(task) = state.queue.pop_front() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let id = state.next;
            state.next += 1;
            state.running.insert(id, (task.deadline, task.fail));
            drop(state);
            self.deadline.notify_one();
            let panicked = catch_unwind(AssertUnwindSafe(task.work)).is_err();
            state = self.lock();
            match state.running.remove(&id) {
                Some((_, fail)) if panicked => {
                    drop(state);
                    fail(Failure::Panicked);
                    state = self.lock();
                }
                Some(_) => {}
                None => state.lost -= 1,
            }
        }
    }

    /// The thread that answers for what is late.
    fn watch(self: &Arc<Self>) {
        let mut state = self.lock();
        loop {
            if state.closed && state.running.is_empty() {
                return;
            }
            let late = state.expire(Instant::now());
            while state.lost > 0
                && state.threads - state.lost < state.wanted
                && state.threads < state.wanted + SPARE_THREADS_MAX
            {
                if self.spawn(&mut state).is_err() {
                    break;
                }
            }
            if !late.is_empty() {
                drop(state);
                late.into_iter().for_each(|fail| fail(Failure::Late));
                state = self.lock();
                continue;
            }
            state = match state.next_deadline() {
                None => self.deadline.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    let left = next.saturating_duration_since(Instant::now());
                    self.deadline.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    /// Takes out what is late.
    fn expire(&mut self, now: Instant) -> Vec<Fail> {
        let waiting = std::mem::take(&mut self.queue);
        let (late, waiting): (VecDeque<_>, VecDeque<_>) =
            waiting.into_iter().partition(|task| task.deadline <= now);
        self.queue = waiting;
        let mut fails: Vec<Fail> = late.into_iter().map(|task| task.fail).collect();
        let overrun: Vec<u64> =
            self.running.iter().filter(|(_, (deadline, _))| *deadline <= now).map(|(id, _)| *id).collect();
        for id in overrun {
            self.lost += 1;
            fails.extend(self.running.remove(&id).map(|(_, fail)| fail));
        }
        fails
    }

    fn next_deadline(&self) -> Option<Instant> {
        let waiting = self.queue.iter().map(|task| task.deadline);
        self.running.values().map(|(deadline, _)| *deadline).chain(waiting).min()
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (queue, running) = (self.queue.len(), self.running.len());
        write!(
            formatter,
            "{queue} waiting, {running} running on {} threads, {} lost",
            self.threads, self.lost
        )
    }
}

fn take<T>(cell: &Mutex<Option<T>>) -> Option<T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::{Busy, Failure, Pool};
    use crate::statement::limits::{QUEUE_JOBS_MAX, SPARE_THREADS_MAX};

    /// Longer than any test waits.
    const LONG: Duration = Duration::from_mins(10);
    /// Passes at once.
    const SHORT: Duration = Duration::from_millis(20);

    type Outcome = Result<u32, Failure>;

    fn submit(
        pool: &Pool,
        answers: &Sender<Outcome>,
        work: impl FnOnce() -> u32 + Send + 'static,
    ) -> Result<(), Busy> {
        let answers = answers.clone();
        pool.submit(move || Ok(work()), Err, move |outcome| answers.send(outcome).unwrap())
    }

    /// A job that ends when the sender is dropped or sends.
    fn blocked(gate: Receiver<()>) -> impl FnOnce() -> u32 {
        move || gate.recv().map_or(0, |()| 1)
    }

    #[test]
    fn job_is_done_and_answered_once() {
        let pool = Pool::new(2, LONG).unwrap();
        let (answers, answered) = channel();
        for number in 0..20 {
            submit(&pool, &answers, move || number).unwrap();
        }
        let mut got: Vec<_> = (0..20).map(|_| answered.recv().unwrap().unwrap()).collect();
        got.sort_unstable();
        assert_eq!(got, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn panic_is_answered_and_the_thread_goes_on() {
        let pool = Pool::new(1, LONG).unwrap();
        let (answers, answered) = channel();
        submit(&pool, &answers, || panic!("on purpose")).unwrap();
        submit(&pool, &answers, || 7).unwrap();
        assert_eq!(answered.recv(), Ok(Err(Failure::Panicked)));
        assert_eq!(answered.recv(), Ok(Ok(7)));
    }

    #[test]
    fn overrunning_jobs_are_answered_and_do_not_starve_the_pool() {
        let pool = Pool::new(1, SHORT).unwrap();
        let (answers, answered) = channel();
        let mut gates = Vec::new();
        for _ in 0..SPARE_THREADS_MAX {
            let (open, gate) = channel();
            submit(&pool, &answers, blocked(gate)).unwrap();
            gates.push(open);
            assert_eq!(answered.recv(), Ok(Err(Failure::Late)));
        }
        // The last spare thread still works, if the machine is not too slow for it: then it is late, never silent.
        submit(&pool, &answers, || 7).unwrap();
        assert!(matches!(answered.recv(), Ok(Ok(7) | Err(Failure::Late))));
        drop(gates);
        // The lost threads come back, and end but for one.
        while pool.shared.lock().lost > 0 || pool.shared.lock().threads > 1 {
            pool.shared.work.notify_all();
            std::thread::yield_now();
        }
        assert!(answered.try_recv().is_err(), "answered once");
    }

    #[test]
    fn threads_that_hang_are_bounded_and_what_waits_behind_them_is_answered() {
        let pool = Pool::new(1, SHORT).unwrap();
        let (answers, answered) = channel();
        let mut gates = Vec::new();
        for _ in 0..SPARE_THREADS_MAX + 5 {
            let (open, gate) = channel();
            submit(&pool, &answers, blocked(gate)).unwrap();
            gates.push(open);
            assert_eq!(answered.recv(), Ok(Err(Failure::Late)));
        }
        assert_eq!(pool.shared.lock().threads, 1 + SPARE_THREADS_MAX);
        drop(gates);
    }

    #[test]
    fn full_queue_refuses_and_dropping_answers_what_waits() {
        let pool = Pool::new(1, LONG).unwrap();
        let (answers, answered) = channel();
        let (started, start) = channel();
        let (open, gate) = channel();
        submit(&pool, &answers, move || {
            started.send(()).unwrap();
            blocked(gate)()
        })
        .unwrap();
        start.recv().unwrap();
        for _ in 0..QUEUE_JOBS_MAX {
            submit(&pool, &answers, || 7).unwrap();
        }
        assert_eq!(submit(&pool, &answers, || 8), Err(Busy));
        drop(pool);
        for _ in 0..QUEUE_JOBS_MAX {
            assert_eq!(answered.recv(), Ok(Err(Failure::Closed)));
        }
        open.send(()).unwrap();
        assert_eq!(answered.recv(), Ok(Ok(1)));
    }
}
