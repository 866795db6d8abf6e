//! From looks at a resource, in the order of time, to the intervals in which it was in one state. Numbers stand for
//! contents and for sets of unknown facts; no database.

/// What was the case from when to when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) stop: Option<i64>,
    pub(super) state: State,
}

/// What is the case with a resource that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The number of the content.
    pub(super) content: i64,
    /// The number of the set of facts that are not known.
    pub(super) unknown: Option<i64>,
    /// Since when the content is this one.
    pub(super) since: i64,
    /// What AWS Config said of the version.
    pub(super) origin: Option<String>,
}

/// The intervals as they grow.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) spans: Vec<Span>,
}

impl Timeline {
    /// The state after the last look; nothing if the resource is not there.
    pub(super) fn state(&self) -> Option<&State> {
        self.spans.last().filter(|span| span.stop.is_none()).map(|span| &span.state)
    }

    /// The resource was seen in a state, `since` apart, which is found here.
    pub(super) fn seen(&mut self, time: i64, mut state: State) {
        state.since = time;
        match self.state() {
            Some(now) if (now.content, now.unknown) == (state.content, state.unknown) => return,
            Some(now) if now.content == state.content => {
                state.since = now.since;
                state.origin.clone_from(&now.origin);
            }
            _ => {}
        }
        self.end(time);
        match self.spans.last_mut() {
            // It was thought to be gone for no time at all.
            Some(last)
                if last.stop == Some(time)
                    && (last.state.content, last.state.unknown) == (state.content, state.unknown) =>
            {
                last.stop = None;
            }
            Some(last) if last.stop == Some(time) && last.state.content == state.content => {
                state.since = last.state.since;
                state.origin.clone_from(&last.state.origin);
                self.spans.push(Span { start: time, stop: None, state });
            }
            _ => self.spans.push(Span { start: time, stop: None, state }),
        }
    }

    /// The resource was not there.
    pub(super) fn gone(&mut self, time: i64) {
        self.end(time);
    }

    fn end(&mut self, time: i64) {
        let Some(last) = self.spans.last_mut().filter(|span| span.stop.is_none()) else { return };
        if last.start == time {
            self.spans.pop();
        } else {
            last.stop = Some(time);
        }
    }
}
