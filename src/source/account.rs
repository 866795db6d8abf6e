//! The live account, read by descriptors: listings become drafts of items, drafts with their parts become items.
//!
//! This module knows one call, one listing, one item. What to read at all, in which regions and in which order, is
//! [`collect`](crate::collect)'s matter. A call that fails is never an empty answer: it is an [`Unreadable`] that ends
//! up where the facts would be.

mod build;
mod credential_report;
mod part;
pub mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

pub(crate) use self::credential_report::REPORT_CALLS;
use self::credential_report::Report;
pub use self::part::{Output, Outputs};
use self::secret::SecretKey;
use super::client::{CallTarget, Client};
use super::descriptor::path::{Element, Env, Frame, Parent};
use super::descriptor::template::{Condition, Text};
use super::descriptor::{Batch, Call, Describe, Detail, ResourceDescriptor, Scope};
use crate::item::{GLOBAL, ResourceKey, format_time};
use crate::source::model::{ModelError, Models, ServiceModel};
use crate::value::{Key, Unreadable, Value, code};

/// What can be asked of AWS. The client is one; tests have others.
pub trait Api: Send + Sync + 'static {
    /// Calls an operation and reads all pages of its answer as one.
    ///
    /// # Errors
    /// Why there is no answer, or not all of it; `action` is left empty.
    fn call_all(
        &self,
        region: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> impl Future<Output = Result<Value, Unreadable>> + Send;

    /// The calls made so far, by `service:Operation`; what was tried again is counted.
    fn requests(&self) -> BTreeMap<String, u64>;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

impl Api for Client {
    async fn call_all(
        &self,
        region: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, Unreadable> {
        let answer = Self::call_all(self, &CallTarget::region(region), service, operation, params).await;
        answer.map_err(|error| error.to_unreadable(None))
    }

    fn requests(&self) -> BTreeMap<String, u64> {
        Self::requests(self)
    }

    async fn sleep(&self, duration: Duration) {
        Self::sleep(self, duration).await;
    }
}

/// Whose account this is, and when it is read.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Twelve digits.
    pub account_id: String,
    /// `aws`, `aws-cn`, and so on.
    pub partition: String,
    /// The region in which the partition's global services are called.
    pub global_region: String,
    /// The capture time of all items: RFC 3339, UTC, milliseconds.
    pub captured_at: String,
}

/// One account that can be read.
pub struct Account<A> {
    api: A,
    models: Arc<Models>,
    identity: Identity,
    secret_key: SecretKey,
    /// Tasks of one kind under way at once.
    at_once: usize,
    credential_report: OnceCell<Result<Report, Arc<Unreadable>>>,
}

/// A resource of which the listing told, before its parts are read.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Which resource.
    pub key: ResourceKey,
    /// What AWS said of it, in the model's form, with what was around it.
    element: Element,
    /// The item for which it was listed.
    parent: Option<Arc<Parent>>,
    name: Option<String>,
    arn: Option<String>,
    /// Why its element could not be read, though it is there.
    unreadable: Option<Arc<Unreadable>>,
}

/// What one listing gave.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The resources, in the order in which AWS told them.
    pub drafts: Vec<Draft>,
    /// Why these are not all.
    pub gap: Option<Arc<Unreadable>>,
}

impl Listed {
    fn failed(reason: Arc<Unreadable>) -> Self {
        Self { drafts: Vec::new(), gap: Some(reason) }
    }

    /// Adds what another listing of the same type gave.
    pub fn extend(&mut self, other: Self) {
        self.drafts.extend(other.drafts);
        self.gap = self.gap.take().or(other.gap);
    }
}

impl Draft {
    /// Whether a draft of the same id is of another resource, as far as their elements tell: what has an ARN goes by that.
    fn is_another(&self, other: &Self) -> bool {
        let is_told = |draft: &Self| draft.arn.is_none() && draft.unreadable.is_none();
        is_told(self) && is_told(other) && self.element.value() != other.element.value()
    }

    /// What the descriptors of children can read of this resource; `Err` if it could not be read.
    pub fn as_parent(&self) -> Result<Arc<Parent>, Arc<Unreadable>> {
        if let Some(reason) = &self.unreadable {
            return Err(Arc::clone(reason));
        }
        Ok(Arc::new(Parent {
            id: self.key.resource_id.to_string(),
            name: self.name.clone(),
            arn: self.arn.clone(),
            region: self.key.region.to_string(),
            document: self.element.value().clone(),
        }))
    }
}

/// Whether the conditions hold of an element.
fn holds(conditions: &[Condition], frame: &Frame<'_>, env: &Env<'_>) -> bool {
    conditions.iter().all(|condition| condition.holds(frame, env))
}

static NO_PARTS: BTreeMap<Key, Value> = BTreeMap::new();

impl Account<Client> {
    /// The account of the client's credentials, as it is now by the client's clock.
    pub fn of_client(client: Client, secret_key: SecretKey) -> Self {
        let now = Timestamp::try_from(client.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let identity = Identity {
            account_id: client.account_id().to_owned(),
            partition: client.partition().id().to_owned(),
            global_region: client.partition().global_region().to_owned(),
            captured_at: format_time(now),
        };
        let models = Arc::clone(client.models());
        Self::new(client, models, identity, secret_key, AT_ONCE)
    }
}

/// More than the client lets through at once, so that it never waits for work.
const AT_ONCE: usize = 128;

impl<A: Api> Account<A> {
    /// An account that is read through `api`, with at most `at_once` listings, items and parts of a type under way. How
    /// many calls are, is `api`'s matter.
    pub fn new(api: A, models: Arc<Models>, identity: Identity, secret_key: SecretKey, at_once: usize) -> Self {
        Self { api, models, identity, secret_key, at_once: at_once.max(1), credential_report: OnceCell::new() }
    }

    /// Whose account this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The models of the services.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// How many tasks make sense at once.
    pub(crate) fn at_once(&self) -> usize {
        self.at_once
    }

    /// The calls made so far, by `service:Operation`.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.api.requests()
    }

    /// Lists the resources of a type in one region (or [`GLOBAL`]), for one parent if the type has parents.
    pub async fn list(
        self: &Arc<Self>,
        descriptor: &Arc<ResourceDescriptor>,
        region: &str,
        parent: Option<Arc<Parent>>,
    ) -> Listed {
        let place = Arc::new(Place {
            account: Arc::clone(self),
            descriptor: Arc::clone(descriptor),
            region: region.into(),
            parent,
        });
        let Some(listing) = &descriptor.listing else {
            return place.drafts([Element::of(Value::object::<&str>([]))]);
        };
        let env = place.env(&NO_PARTS);
        let answer = match self.call(&listing.call, &Frame::of(&Value::Null), &env).await {
            Ok(answer) => answer,
            Err(reason) if listing.absent.contains(&reason.code) => return Listed::default(),
            Err(reason) => return Listed::failed(reason),
        };
        let mut elements = Vec::new();
        listing.items.each(&Frame::of(&answer), &env, &mut |frame| elements.push(frame.to_element()));
        match &listing.detail {
            Detail::None => place.drafts(elements),
            Detail::Describe(describe) => place.describe(describe, elements).await,
            Detail::Batch(batch) => place.describe_batches(batch, elements).await,
        }
    }

    /// Makes a call whose parameters are a template.
    async fn call(&self, call: &Call, frame: &Frame<'_>, env: &Env<'_>) -> Result<Value, Arc<Unreadable>> {
        let params = self.params(call, frame, env)?;
        self.call_with(call, env.region, &params).await
    }

    fn params(&self, call: &Call, frame: &Frame<'_>, env: &Env<'_>) -> Result<Value, Arc<Unreadable>> {
        let model = self.model(call)?;
        call.params.params(model, frame, env).map_err(|path| {
            self.unreadable(call, code::MALFORMED, format!("the call needs `{path}`, which AWS did not tell"))
        })
    }

    async fn call_with(&self, call: &Call, region: &str, params: &Value) -> Result<Value, Arc<Unreadable>> {
        self.call_named(region, &call.service, &call.operation, params).await
    }

    pub(crate) async fn call_named(
        &self,
        region: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, Arc<Unreadable>> {
        let region = if region == GLOBAL { &self.identity.global_region } else { region };
        let answer = self.api.call_all(region, service, operation, params).await;
        answer.map_err(|mut reason| {
            // What was not asked for lacks no permission.
            if reason.code != code::OVER_BUDGET {
                reason.action = self.action(service, operation);
            }
            Arc::new(reason)
        })
    }

    /// The IAM action that allows a call. Where a call needs several, AWS's message names the missing one; the first
    /// is the call's own.
    fn action(&self, service: &str, operation: &str) -> Option<String> {
        let operation = self.models.service(service).ok()?.operation(operation).ok()?;
        operation.iam_actions().first().cloned()
    }

    fn unreadable(&self, call: &Call, code: &str, message: String) -> Arc<Unreadable> {
        Arc::new(Unreadable {
            operation: call.to_string(),
            action: self.action(&call.service, &call.operation),
            code: code.to_owned(),
            message,
        })
    }

    fn model(&self, call: &Call) -> Result<&Arc<ServiceModel>, Arc<Unreadable>> {
        self.models
            .service(&call.service)
            .map_err(|error: ModelError| self.unreadable(call, code::MALFORMED, error.to_string()))
    }
}

/// Runs a task for each input, at most `at_once` of them at the same time, and gives the results in the order of the
/// inputs.
pub(crate) async fn in_order<I, T, F>(at_once: usize, inputs: Vec<I>, task: impl Fn(I) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut results: Vec<Option<T>> = inputs.iter().map(|_| None).collect();
    let mut inputs = inputs.into_iter().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once {
            let Some((at, input)) = inputs.next() else { break };
            let future = task(input);
            running.spawn(async move { (at, future.await) });
        }
        match running.join_next().await {
            None => return results.into_iter().flatten().collect(),
            Some(Ok((at, result))) => {
                if let Some(place) = results.get_mut(at) {
                    *place = Some(result);
                }
            }
            // Tasks are not cancelled before the set is dropped, so this is a panic: it goes on in the caller.
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// One listing under way.
struct Place<A> {
    account: Arc<Account<A>>,
    descriptor: Arc<ResourceDescriptor>,
    region: Arc<str>,
    parent: Option<Arc<Parent>>,
}

impl<A: Api> Place<A> {
    fn detail(&self) -> Option<&Detail> {
        self.descriptor.listing.as_ref().map(|listing| &listing.detail)
    }

    /// Runs a task for each input, with results in the order of the inputs.
    async fn for_all<I, T, F>(self: &Arc<Self>, inputs: Vec<I>, task: impl Fn(Arc<Self>, I) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        in_order(self.account.at_once, inputs, |input| task(Arc::clone(self), input)).await
    }

    fn env<'e>(&'e self, parts: &'e BTreeMap<Key, Value>) -> Env<'e> {
        Env {
            account: &self.account.identity.account_id,
            region: &self.region,
            partition: &self.account.identity.partition,
            parent: self.parent.as_deref(),
            parts,
        }
    }

    /// The elements that are items.
    fn drafts(&self, elements: impl IntoIterator<Item = Element>) -> Listed {
        let mut listed = Listed::default();
        for element in elements {
            match self.draft(element) {
                Ok(draft) => listed.drafts.extend(draft),
                Err(reason) => listed.gap = listed.gap.or(Some(reason)),
            }
        }
        listed
    }

    /// `None` for an element that the descriptor's `where` leaves out.
    fn draft(&self, element: Element) -> Result<Option<Draft>, Arc<Unreadable>> {
        let frame = element.frame();
        let mut env = self.env(&NO_PARTS);
        if !holds(&self.descriptor.filter, &frame, &env) {
            return Ok(None);
        }
        let text = |text: &Text, what: &str, env: &Env<'_>| {
            text.text(&frame, env).filter(|text| !text.is_empty()).ok_or_else(|| {
                let message = format!("an element of the answer has no {what}: {text} is absent");
                match self.descriptor.element_call() {
                    Some(call) => self.account.unreadable(call, code::MALFORMED, message),
                    None => Arc::new(Unreadable {
                        operation: String::new(),
                        action: None,
                        code: code::MALFORMED.to_owned(),
                        message,
                    }),
                }
            })
        };
        let region = match &self.descriptor.region {
            Some(template) => text(template, "region", &env)?,
            None => self.region.to_string(),
        };
        env.region = &region;
        let id = text(&self.descriptor.id, "id", &env)?;
        let key = ResourceKey::new(&self.account.identity.account_id, &region, &self.descriptor.resource_type, &id);
        let name = self.descriptor.name.as_ref().and_then(|name| name.text(&frame, &env));
        let arn = self.descriptor.arn.as_ref().and_then(|arn| arn.text(&frame, &env));
        Ok(Some(Draft { key, name, arn, parent: self.parent.clone(), unreadable: None, element }))
    }

    /// The item of a listed element that could not be described: known by its id at least, or a gap of the listing.
    fn undescribed(&self, id: Option<&Text>, listed: &Element, reason: &Arc<Unreadable>) -> Listed {
        let env = self.env(&NO_PARTS);
        let id = id.and_then(|id| id.text(&listed.frame(), &env)).filter(|id| !id.is_empty());
        // An item that may belong to another region cannot be placed.
        let Some(id) = id.filter(|_| self.descriptor.region.is_none()) else {
            return Listed::failed(Arc::clone(reason));
        };
        let key =
            ResourceKey::new(&self.account.identity.account_id, &self.region, &self.descriptor.resource_type, &id);
        let draft = Draft {
            key,
            // Paths of the descriptor lead nowhere from here: they are of the described element.
            element: listed.inner(Value::Null),
            parent: self.parent.clone(),
            name: None,
            arn: None,
            unreadable: Some(Arc::clone(reason)),
        };
        Listed { drafts: vec![draft], gap: None }
    }

    async fn describe(self: &Arc<Self>, describe: &Describe, elements: Vec<Element>) -> Listed {
        let Describe { call, item, id, absent } = describe;
        let answers = self
            .for_all(elements.clone(), |place, element| async move {
                match place.detail() {
                    Some(Detail::Describe(describe)) => {
                        place.account.call(&describe.call, &element.frame(), &place.env(&NO_PARTS)).await
                    }
                    _ => Ok(Value::Null),
                }
            })
            .await;
        let mut all = Listed::default();
        for (listed, answer) in elements.iter().zip(answers) {
            let described = answer.and_then(|answer| {
                item.get(&Frame::of(&answer), &self.env(&NO_PARTS))
                    .filter(|item| *item != Value::Null)
                    .ok_or_else(|| self.account.unreadable(call, code::MALFORMED, format!("the answer has no {item}")))
            });
            all.extend(match described {
                Ok(described) => self.drafts([listed.inner(described)]),
                Err(reason) if absent.contains(&reason.code) => Listed::default(),
                Err(reason) => self.undescribed(id.as_ref(), listed, &reason),
            });
        }
        all
    }

    async fn describe_batches(self: &Arc<Self>, batch: &Batch, elements: Vec<Element>) -> Listed {
        let chunks: Vec<Vec<Element>> = elements.chunks(batch.size).map(<[Element]>::to_vec).collect();
        let answers = self
            .for_all(chunks, |place, chunk| async move {
                match place.detail() {
                    Some(Detail::Batch(batch)) => place.describe_batch(batch, chunk).await,
                    _ => Listed::default(),
                }
            })
            .await;
        let mut all = Listed::default();
        for listed in answers {
            all.extend(listed);
        }
        all
    }

    async fn describe_batch(&self, batch: &Batch, elements: Vec<Element>) -> Listed {
        let answer = self.call_batch(batch, &elements).await;
        let answer = match answer {
            Ok(answer) => answer,
            // One that is gone fails the whole call: each is asked for alone.
            Err(reason) if batch.absent.contains(&reason.code) => {
                let mut all = Listed::default();
                if elements.len() > 1 {
                    for element in elements {
                        all.extend(Box::pin(self.describe_batch(batch, vec![element])).await);
                    }
                }
                return all;
            }
            Err(reason) => {
                let mut all = Listed::default();
                for element in &elements {
                    all.extend(self.undescribed(Some(&batch.id), element, &reason));
                }
                return all;
            }
        };
        self.match_batch(batch, &elements, &answer)
    }

    async fn call_batch(&self, batch: &Batch, elements: &[Element]) -> Result<Value, Arc<Unreadable>> {
        let env = self.env(&NO_PARTS);
        let model = self.account.model(&batch.call)?;
        let first = elements.first().map_or(Frame::of(&Value::Null), Element::frame);
        let params = self.account.params(&batch.call, &first, &env)?;
        let values: Vec<Value> =
            elements.iter().filter_map(|element| batch.value.value(model, &element.frame(), &env)).collect();
        let params = with_member(&params, &batch.ids, values.into());
        self.account.call_with(&batch.call, &self.region, &params).await
    }

    /// Finds what the answer says of each listed element.
    fn match_batch(&self, batch: &Batch, elements: &[Element], answer: &Value) -> Listed {
        let env = self.env(&NO_PARTS);
        let mut described = BTreeMap::new();
        batch.items.each(&Frame::of(answer), &env, &mut |frame| {
            if let Some(id) = self.descriptor.id.text(frame, &env) {
                described.insert(id, frame.value.clone());
            }
        });
        let mut failures = BTreeMap::new();
        if let Some(failed) = &batch.failures {
            failed.items.each(&Frame::of(answer), &env, &mut |frame| {
                let code = failed.code.get(frame, &env);
                if let (Some(id), Some(code)) = (failed.id.text(frame, &env), code.as_ref().and_then(Value::as_str)) {
                    failures.insert(id, code.to_owned());
                }
            });
        }
        let mut all = Listed::default();
        for element in elements {
            let id = batch.id.text(&element.frame(), &env).unwrap_or_default();
            all.extend(match (described.remove(&id), failures.get(&id)) {
                (Some(value), _) => self.drafts([element.inner(value)]),
                (None, Some(code)) if batch.absent.contains(code) => Listed::default(),
                (None, code) => {
                    let code = code.map_or(code::MALFORMED, String::as_str);
                    let message = format!("the answer says nothing of {id}");
                    self.undescribed(Some(&batch.id), element, &self.account.unreadable(&batch.call, code, message))
                }
            });
        }
        all
    }
}

/// An object with one more member.
fn with_member(object: &Value, name: &str, value: Value) -> Value {
    match object {
        Value::Object(members) => Value::Object(members.with(name, value)),
        _ => Value::object([(name, value)]),
    }
}

/// One item of each key: the one listed in its own region, else the first. Several regions list a trail that is
/// everywhere.
pub fn merge(mut drafts: Vec<(String, Draft)>) -> Vec<Draft> {
    tell_apart(&mut drafts);
    drafts.sort_by(|(listed_a, a), (listed_b, b)| {
        let away = |listed: &str, draft: &Draft| *listed != *draft.key.region || draft.unreadable.is_some();
        a.key.cmp(&b.key).then_with(|| away(listed_a, a).cmp(&away(listed_b, b))).then_with(|| listed_a.cmp(listed_b))
    });
    let mut merged = Vec::<(String, Draft)>::with_capacity(drafts.len());
    for (listed, draft) in drafts {
        match merged.last_mut().filter(|(_, earlier)| earlier.key == draft.key) {
            Some((listed_first, earlier)) if *listed_first == listed && earlier.is_another(&draft) => {
                earlier.unreadable = Some(Arc::new(of_one_id(&draft.key)));
            }
            Some(_) => {}
            None => merged.push((listed, draft)),
        }
    }
    merged.into_iter().map(|(_, draft)| draft).collect()
}

/// Resources that are given one id go by their ARNs: none may hide another. One of the account's own keeps its id if no other
/// of them is: the trail of an organization may be called, and be at home, as one of the account's.
fn tell_apart(drafts: &mut [(String, Draft)]) {
    let mut arns = BTreeMap::<ResourceKey, BTreeSet<String>>::new();
    for (_, draft) in &*drafts {
        if let Some(arn) = &draft.arn {
            arns.entry(draft.key.clone()).or_default().insert(arn.clone());
        }
    }
    arns.retain(|_, arns| arns.len() > 1);
    for (_, draft) in drafts {
        let Some((arn, arns)) = draft.arn.as_deref().zip(arns.get(&draft.key)) else { continue };
        let mut own = arns.iter().filter(|arn| arn.split(':').nth(4) == Some(&draft.key.account_id));
        if (own.next().map(String::as_str), own.next()) != (Some(arn), None) {
            draft.key.resource_id = arn.into();
        }
    }
}

/// Why nothing can be said of a resource of which a listing tells twice, and each time something else.
fn of_one_id(key: &ResourceKey) -> Unreadable {
    Unreadable {
        operation: String::new(),
        action: None,
        code: code::MALFORMED.to_owned(),
        message: format!(
            "the listing has several resources of the id {}, and nothing that tells them apart",
            key.resource_id
        ),
    }
}

/// The places in which a type is listed: each region, or `global`.
pub fn places(scope: Scope, regions: &BTreeSet<String>) -> Vec<String> {
    match scope {
        Scope::Regional => regions.iter().cloned().collect(),
        Scope::Global => vec![GLOBAL.to_owned()],
    }
}
