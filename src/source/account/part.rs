//! The parts of items: the further calls that a descriptor names, each read only for who asks for it.
//!
//! Parts that one call tells for several items (`batch`, `shared`) are read first, for all items of a type; the others
//! item by item, those that read other parts after them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::{Account, Api, Draft, NO_PARTS, credential_report, holds, in_order, with_member};
use crate::item::ACCOUNT;
use crate::source::descriptor::path::{Element, Env, Frame, Path};
use crate::source::descriptor::template::Template;
use crate::source::descriptor::{Call, Part, PartSource, ResourceDescriptor};
use crate::value::{Key, Unreadable, Value};

/// What became of one part of one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// What AWS said, in the model's form, as `take` took it.
    Taken(Value),
    /// AWS said that there is nothing, or need not be asked: the constant for that, if the descriptor has one.
    Constant(Option<Value>),
    /// It could not be read.
    Unreadable(Arc<Unreadable>),
}

/// The parts of one item by name.
pub type Outputs = BTreeMap<Key, Output>;

/// An answer, or why there is none.
type CallResult = Result<Value, Arc<Unreadable>>;

/// The answers to calls that several parts of a type make alike, so that each is made once.
struct Memo {
    repeated: BTreeSet<String>,
    answers: Mutex<BTreeMap<String, Arc<OnceCell<CallResult>>>>,
}

impl Memo {
    fn new(descriptor: &ResourceDescriptor, wanted: &BTreeSet<Key>) -> Self {
        let mut once = BTreeSet::new();
        let parts = descriptor.parts.iter().filter(|part| wanted.contains(&part.name));
        let calls = parts.filter_map(|part| part.source.call()).map(ToString::to_string);
        let repeated = calls.filter(|call| !once.insert(call.clone())).collect();
        Self { repeated, answers: Mutex::default() }
    }

    async fn call<A: Api>(
        &self,
        account: &Account<A>,
        call: &Call,
        region: &str,
        params: &Value,
    ) -> Result<Value, Arc<Unreadable>> {
        let name = call.to_string();
        if !self.repeated.contains(&name) {
            return account.call_with(call, region, params).await;
        }
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(format!("{name} {region} {params}")).or_default())
        };
        answer.get_or_init(|| account.call_with(call, region, params)).await.clone()
    }
}

/// An answer to a call, where error codes that mean "not set" are answers too.
enum Answer {
    Given(Value),
    Absent,
}

impl<A: Api> Account<A> {
    /// Reads the wanted parts of these drafts of one type: their outputs, in the order of the drafts.
    pub async fn read_parts(
        self: &Arc<Self>,
        descriptor: &Arc<ResourceDescriptor>,
        drafts: &[Arc<Draft>],
        wanted: &BTreeSet<Key>,
    ) -> Vec<Outputs> {
        let wanted = Arc::new(descriptor.with_needed(wanted));
        let mut outputs: Vec<Outputs> = drafts.iter().map(|_| Outputs::new()).collect();
        if wanted.is_empty() {
            return outputs;
        }
        let memo = Arc::new(Memo::new(descriptor, &wanted));
        for part in descriptor.parts.iter().filter(|part| wanted.contains(&part.name)) {
            let together = match &part.source {
                PartSource::Batch { .. } => self.read_batches(descriptor, part, drafts, &memo).await,
                PartSource::Shared { .. } => self.read_shared(descriptor, part, drafts).await,
                _ => continue,
            };
            for (outputs, output) in outputs.iter_mut().zip(together) {
                outputs.insert(Arc::clone(&part.name), output);
            }
        }
        let inputs: Vec<_> = drafts.iter().cloned().zip(outputs).collect();
        in_order(self.at_once, inputs, |(draft, outputs)| {
            let (account, descriptor, wanted) = (Arc::clone(self), Arc::clone(descriptor), Arc::clone(&wanted));
            let memo = Arc::clone(&memo);
            async move { account.read_rest(&descriptor, &draft, &wanted, outputs, &memo).await }
        })
        .await
    }

    /// Reads the parts of one item that are not there yet, in waves: each wave needs only earlier ones.
    async fn read_rest(
        self: &Arc<Self>,
        descriptor: &Arc<ResourceDescriptor>,
        draft: &Arc<Draft>,
        wanted: &BTreeSet<Key>,
        mut outputs: Outputs,
        memo: &Arc<Memo>,
    ) -> Outputs {
        loop {
            let wave: Vec<usize> = (descriptor.parts.iter().enumerate())
                .filter(|(_, part)| wanted.contains(&part.name) && !outputs.contains_key(&part.name))
                .filter(|(_, part)| part.needs.iter().all(|need| outputs.contains_key(need)))
                .map(|(at, _)| at)
                .collect();
            if wave.is_empty() {
                return outputs;
            }
            let before = Arc::new(outputs.clone());
            let read = in_order(self.at_once, wave, |at| {
                let (account, descriptor, draft) = (Arc::clone(self), Arc::clone(descriptor), Arc::clone(draft));
                let (before, memo) = (Arc::clone(&before), Arc::clone(memo));
                async move {
                    let part = descriptor.parts.get(at)?;
                    Some((Arc::clone(&part.name), account.read_part(&descriptor, part, &draft, &before, &memo).await))
                }
            })
            .await;
            outputs.extend(read.into_iter().flatten());
        }
    }

    async fn read_part(
        &self,
        descriptor: &ResourceDescriptor,
        part: &Part,
        draft: &Draft,
        before: &Outputs,
        memo: &Memo,
    ) -> Output {
        if let Some(reason) = &draft.unreadable {
            return Output::Unreadable(Arc::clone(reason));
        }
        let mut given = BTreeMap::new();
        for need in &part.needs {
            match before.get(need) {
                Some(Output::Unreadable(reason)) => return Output::Unreadable(Arc::clone(reason)),
                Some(Output::Taken(value)) => _ = given.insert(Arc::clone(need), value.clone()),
                Some(Output::Constant(_)) | None => {}
            }
        }
        let env = self.env(draft, &given);
        let frame = draft.element.frame();
        if !holds(&part.when, &frame, &env) {
            return Output::Constant(part.otherwise.clone());
        }
        let output = match &part.source {
            PartSource::Call(call) => self.read_one(part, call, &frame, &env, memo).await,
            PartSource::Each { call, path, key, size } => {
                let mut elements = Vec::new();
                path.each(&frame, &env, &mut |frame| elements.push(frame.to_element()));
                if let Some(size) = size {
                    elements = together(&elements, *size);
                }
                let mut read = Vec::new();
                for element in elements {
                    let frame = element.frame();
                    // What is gone since it was listed is simply not there.
                    match self.read_one(part, call, &frame, &env, memo).await {
                        Ok(Answer::Given(value)) => {
                            let name = key.as_ref().and_then(|key| key.text(&frame, &env));
                            read.push((name.unwrap_or_default(), value));
                        }
                        Ok(Answer::Absent) => {}
                        Err(reason) => return Output::Unreadable(reason),
                    }
                }
                Ok(Answer::Given(match key {
                    Some(_) => Value::object(read),
                    None if size.is_some() => {
                        let lists = read.iter().map(|(_, list)| list.as_array().unwrap_or_default());
                        lists.flatten().cloned().collect::<Vec<_>>().into()
                    }
                    None => read.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into(),
                }))
            }
            PartSource::Code(_) => {
                let name = draft.name.as_deref().unwrap_or(&draft.key.resource_id);
                let user = if *descriptor.resource_type == *ACCOUNT { credential_report::ROOT } else { name };
                self.credentials(user).await.map(Answer::Given)
            }
            // These were read before.
            PartSource::Batch { .. } | PartSource::Shared { .. } => Ok(Answer::Absent),
        };
        match output {
            Ok(Answer::Given(value)) => Output::Taken(value),
            Ok(Answer::Absent) => Output::Constant(part.absent_value.clone()),
            Err(reason) => Output::Unreadable(reason),
        }
    }

    /// One call of a part, and what `take` takes of the answer.
    async fn read_one(
        &self,
        part: &Part,
        call: &Call,
        frame: &Frame<'_>,
        env: &Env<'_>,
        memo: &Memo,
    ) -> Result<Answer, Arc<Unreadable>> {
        let params = self.params(call, frame, env)?;
        match memo.call(self, call, env.region, &params).await {
            Ok(answer) => {
                let taken = part.take.get(&Frame::of(&answer), env);
                Ok(taken.filter(|value| *value != Value::Null).map_or(Answer::Absent, Answer::Given))
            }
            Err(reason) if part.is_absent_by(&reason) => Ok(Answer::Absent),
            Err(reason) => Err(reason),
        }
    }

    /// Where calls for an item are made.
    pub(super) fn env<'e>(&'e self, draft: &'e Draft, parts: &'e BTreeMap<Key, Value>) -> Env<'e> {
        Env {
            account: &self.identity().account_id,
            region: &draft.key.region,
            partition: &self.identity().partition,
            parent: draft.parent.as_deref(),
            parts,
        }
    }

    /// The drafts that a part is to be read for, by region, each with the value by which an answer is found; and the
    /// outputs of the others.
    fn by_region(
        &self,
        part: &Part,
        call: &Call,
        value: &Template,
        drafts: &[Arc<Draft>],
        outputs: &mut [Output],
    ) -> BTreeMap<Key, Vec<(usize, Value)>> {
        let mut regions = BTreeMap::<Key, Vec<(usize, Value)>>::new();
        for ((at, draft), output) in drafts.iter().enumerate().zip(outputs) {
            let (frame, env) = (draft.element.frame(), self.env(draft, &NO_PARTS));
            if let Some(reason) = &draft.unreadable {
                *output = Output::Unreadable(Arc::clone(reason));
            } else if !holds(&part.when, &frame, &env) {
                *output = Output::Constant(part.otherwise.clone());
            } else {
                match self.model(call) {
                    Ok(model) => {
                        let value = value.value(model, &frame, &env).unwrap_or(Value::Null);
                        regions.entry(Arc::clone(&draft.key.region)).or_default().push((at, value));
                    }
                    Err(reason) => *output = Output::Unreadable(reason),
                }
            }
        }
        regions
    }

    async fn read_shared(
        self: &Arc<Self>,
        descriptor: &Arc<ResourceDescriptor>,
        part: &Part,
        drafts: &[Arc<Draft>],
    ) -> Vec<Output> {
        let mut outputs = vec![Output::Constant(part.absent_value.clone()); drafts.len()];
        let PartSource::Shared { call, items, key, value } = &part.source else { return outputs };
        let regions = self.by_region(part, call, value, drafts, &mut outputs);
        let name = Arc::clone(&part.name);
        let answers = in_order(self.at_once, regions.keys().cloned().collect(), |region| {
            let (account, descriptor, name) = (Arc::clone(self), Arc::clone(descriptor), Arc::clone(&name));
            async move {
                let env = account.place_env(&region);
                match descriptor.part(&name).and_then(|part| part.source.call()) {
                    Some(call) => account.call(call, &Frame::of(&Value::Null), &env).await,
                    None => Ok(Value::Null),
                }
            }
        })
        .await;
        for ((region, wanted), answer) in regions.iter().zip(answers) {
            let env = self.place_env(region);
            let found = match answer {
                Ok(answer) => elements_by_key(items, key, &answer, &env),
                Err(reason) if part.is_absent_by(&reason) => continue,
                Err(reason) => {
                    for (at, _) in wanted {
                        set(&mut outputs, *at, Output::Unreadable(Arc::clone(&reason)));
                    }
                    continue;
                }
            };
            for (at, value) in wanted {
                let mine: Vec<Value> =
                    found.iter().filter(|(key, _)| key == value).map(|(_, element)| element.clone()).collect();
                set(&mut outputs, *at, Output::Taken(mine.into()));
            }
        }
        outputs
    }

    async fn read_batches(
        self: &Arc<Self>,
        descriptor: &Arc<ResourceDescriptor>,
        part: &Part,
        drafts: &[Arc<Draft>],
        memo: &Arc<Memo>,
    ) -> Vec<Output> {
        let mut outputs = vec![Output::Constant(part.absent_value.clone()); drafts.len()];
        let PartSource::Batch { call, value, size, .. } = &part.source else { return outputs };
        let regions = self.by_region(part, call, value, drafts, &mut outputs);
        let mut chunks = Vec::new();
        for (region, wanted) in &regions {
            chunks.extend(wanted.chunks(*size).map(|chunk| (Arc::clone(region), chunk.to_vec())));
        }
        let name = Arc::clone(&part.name);
        let answers = in_order(self.at_once, chunks, |(region, chunk)| {
            let (account, descriptor, name) = (Arc::clone(self), Arc::clone(descriptor), Arc::clone(&name));
            let memo = Arc::clone(memo);
            async move {
                match descriptor.part(&name) {
                    Some(part) => account.read_batch(part, &region, chunk, &memo).await,
                    None => Vec::new(),
                }
            }
        })
        .await;
        for (at, output) in answers.into_iter().flatten() {
            set(&mut outputs, at, output);
        }
        outputs
    }

    /// One call for several items; for each alone if one of them is gone, as that fails the whole call.
    async fn read_batch(
        &self,
        part: &Part,
        region: &str,
        chunk: Vec<(usize, Value)>,
        memo: &Memo,
    ) -> Vec<(usize, Output)> {
        let PartSource::Batch { call, ids, items, key, .. } = &part.source else { return Vec::new() };
        let env = self.place_env(region);
        // Items may have the same value, as instances have the same type; it is asked for once.
        let mut values: Vec<Value> = Vec::new();
        for (_, value) in &chunk {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let answer = match self.params(call, &Frame::of(&Value::Null), &env) {
            Ok(params) => memo.call(self, call, region, &with_member(&params, ids, values.into())).await,
            Err(reason) => Err(reason),
        };
        let all = |output: Output| chunk.iter().map(|(at, _)| (*at, output.clone())).collect();
        let found = match answer {
            Ok(answer) => elements_by_key(items, key, &answer, &env),
            Err(reason) if part.is_absent_by(&reason) && chunk.len() > 1 => {
                let mut each = Vec::new();
                for one in chunk {
                    each.extend(Box::pin(self.read_batch(part, region, vec![one], memo)).await);
                }
                return each;
            }
            Err(reason) if part.is_absent_by(&reason) => {
                return all(Output::Constant(part.absent_value.clone()));
            }
            Err(reason) => return all(Output::Unreadable(reason)),
        };
        chunk
            .iter()
            .map(|(at, value)| {
                let mine = found.iter().find(|(key, _)| key == value);
                let taken = mine.and_then(|(_, element)| part.take.get(&Frame::of(element), &env));
                (*at, taken.map_or_else(|| Output::Constant(part.absent_value.clone()), Output::Taken))
            })
            .collect()
    }

    /// Where calls for a whole place are made.
    fn place_env<'e>(&'e self, region: &'e str) -> Env<'e> {
        Env {
            account: &self.identity().account_id,
            region,
            partition: &self.identity().partition,
            parent: None,
            parts: &NO_PARTS,
        }
    }
}

/// Up to so many elements at a time, each time as one list with what is around the first of them.
fn together(elements: &[Element], size: usize) -> Vec<Element> {
    let list = |chunk: &[Element]| {
        let values: Vec<Value> = chunk.iter().map(|element| element.frame().value.clone()).collect();
        chunk.first().map(|first| first.beside(values.into()))
    };
    elements.chunks(size).filter_map(list).collect()
}

fn set(outputs: &mut [Output], at: usize, output: Output) {
    if let Some(place) = outputs.get_mut(at) {
        *place = output;
    }
}

fn elements_by_key(items: &Path, key: &Path, answer: &Value, env: &Env<'_>) -> Vec<(Value, Value)> {
    let mut found = Vec::new();
    items.each(&Frame::of(answer), env, &mut |frame| {
        found.push((key.get(frame, env).unwrap_or(Value::Null), frame.value.clone()));
    });
    found
}
