//! The text of a query, read by the grammar of a SQL parser and checked against what items have.
//!
//! The parser knows far more SQL than the language does. Whatever it reads and the language does not have is an error
//! that points at it: nothing that was asked for is left out in silence.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, LimitClause,
    OrderByKind, OrderBySort, Select, SelectItem, SetExpr, Spanned, UnaryOperator, Value as Literal,
};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::plan::{Aggregate, Column, Condition, Function, Operand, Order, Property, Query, Test, Wild};
use crate::nearest;
use crate::value::intern;

/// A text that is no query, and where it is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column} of the query: {message}")]
pub struct QueryError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1; one behind the last character where something is missing at the end.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// The longest query that is read, in bytes: a parser that recurses needs a limit. AWS Config's own is 4,096.
const LONGEST: usize = 1 << 14;

/// The properties that every item has or may have, as AWS Config spells them in queries; the last two are assize's.
const PROPERTIES: [&str; 20] = [
    "accountId",
    "arn",
    "availabilityZone",
    "awsRegion",
    "configuration",
    "configurationItemCaptureTime",
    "configurationItemDeliveryTime",
    "configurationItemStatus",
    "configurationStateId",
    "recordingFrequency",
    "relationships",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceType",
    "supplementaryConfiguration",
    "tags",
    "version",
    "configurationStateMd5Hash",
    "relatedEvents",
];

/// What `SELECT *` stands for: the scalars of an item, in the order of AWS Config's documentation.
const SCALARS: [&str; 10] = [
    "accountId",
    "awsRegion",
    "arn",
    "availabilityZone",
    "configurationItemCaptureTime",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceType",
    "version",
];

/// The properties of one tag, and of one relationship; the last of these is assize's.
const TAG: [&str; 3] = ["key", "tag", "value"];
const RELATIONSHIP: [&str; 4] = ["resourceId", "resourceName", "resourceType", "name"];

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// Where the text is no query, and why.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let source = Source::new(text)?;
        let mut parser = Parser::new(&AdvancedQuery).with_tokens_with_locations(source.tokens.clone());
        let query = parser.parse_query().map_err(|error| source.syntax(&error))?;
        while parser.consume_token(&Token::SemiColon) {}
        let next = parser.peek_token();
        if next.token != Token::EOF {
            let message = format!("the query ends before this: {}", next.token);
            return Err(source.error(next.span.start, message));
        }
        source.query(*query)
    }
}

/// Plain words, words in double quotes or backticks, and no extension of any product.
#[derive(Debug)]
struct AdvancedQuery;

impl Dialect for AdvancedQuery {
    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"' || c == '`'
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_ascii_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_'
    }
}

/// Words that cannot stand where a property or a value begins. The parser would take some of them for names there, and
/// complain about what comes behind.
const CONTINUE: [Keyword; 17] = [
    Keyword::AND,
    Keyword::AS,
    Keyword::ASC,
    Keyword::BETWEEN,
    Keyword::BY,
    Keyword::DESC,
    Keyword::FROM,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::IN,
    Keyword::IS,
    Keyword::LIKE,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::OR,
    Keyword::ORDER,
    Keyword::WHERE,
];

/// Whether a property or a value must begin behind this. Behind `NOT` an operator may come too.
fn expects_operand(token: &Token) -> bool {
    match token {
        Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq | Token::Comma => true,
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::BETWEEN
                | Keyword::BY
                | Keyword::LIKE
                | Keyword::OR
                | Keyword::SELECT
                | Keyword::WHERE
        ),
        _ => false,
    }
}

/// The text with its tokens, for the positions of errors.
struct Source {
    tokens: Vec<TokenWithSpan>,
    end: Location,
}

type Parsed<T> = Result<T, QueryError>;

impl Source {
    fn new(text: &str) -> Parsed<Self> {
        let mut source = Self { tokens: Vec::new(), end: end(text) };
        if text.len() > LONGEST {
            let message = format!("a query has at most {LONGEST} bytes, this one has {}", text.len());
            return Err(source.error(Location::new(1, 1), message));
        }
        source.tokens = Tokenizer::new(&AdvancedQuery, text)
            .tokenize_with_location()
            .map_err(|error| source.error(error.location, lower(&error.message)))?;
        // Names in a path may be words of SQL: `configuration.default`, `configuration.end`. In quotes they are names.
        let dots: Vec<bool> = source.tokens.iter().map(|one| one.token == Token::Period).collect();
        for (at, one) in source.tokens.iter_mut().enumerate() {
            let beside_dot =
                dots.get(at + 1) == Some(&true) || at.checked_sub(1).and_then(|at| dots.get(at)) == Some(&true);
            if let Token::Word(word) = &mut one.token
                && beside_dot
                && word.quote_style.is_none()
            {
                word.quote_style = Some('"');
                word.keyword = Keyword::NoKeyword;
            }
        }
        let mut words = source.tokens.iter().filter(|one| !matches!(one.token, Token::Whitespace(_))).peekable();
        while let Some(before) = words.next() {
            if let Some(TokenWithSpan { token: Token::Word(word), span }) = words.peek()
                && expects_operand(&before.token)
                && CONTINUE.contains(&word.keyword)
            {
                return Err(source.error(span.start, format!("expected a property or a value, found {word}")));
            }
        }
        Ok(source)
    }

    /// An error at a place; where the parser knows none, at the end.
    fn error(&self, at: Location, message: impl Into<String>) -> QueryError {
        let at = if at.line == 0 { self.end } else { at };
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        QueryError { line: number(at.line), column: number(at.column), message: message.into() }
    }

    fn at(&self, node: &impl Spanned, message: impl Into<String>) -> QueryError {
        self.error(node.span().start, message)
    }

    /// An error at a word of SQL.
    fn at_word(&self, keyword: Keyword, message: impl Into<String>) -> QueryError {
        let is_it = |one: &&TokenWithSpan| matches!(&one.token, Token::Word(word) if word.keyword == keyword);
        let at = self.tokens.iter().find(is_it).map_or(Location::new(1, 1), |one| one.span.start);
        self.error(at, message)
    }

    /// The parser's error: its place stands at the end of its sentence.
    fn syntax(&self, error: &ParserError) -> QueryError {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
            ParserError::RecursionLimitExceeded => "the conditions are nested too deeply",
        };
        let (message, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
        let place = place
            .split_once(", Column: ")
            .and_then(|(line, column)| Some(Location::new(line.parse().ok()?, column.trim().parse().ok()?)));
        let message = message.replace("Expected: ", "expected ").replace(", found: EOF", ", and the query ends here");
        self.error(place.unwrap_or(self.end), lower(&message.replace(", found: ", ", found ")))
    }

    fn query(&self, query: sqlparser::ast::Query) -> Parsed<Query> {
        if query.with.is_some() {
            return Err(self.at_word(Keyword::WITH, "there is no WITH in this language; --sql has it"));
        }
        let rest = [
            (query.fetch.is_some(), Keyword::FETCH, "FETCH"),
            (!query.locks.is_empty() || query.for_clause.is_some(), Keyword::FOR, "FOR"),
            (query.settings.is_some(), Keyword::SETTINGS, "SETTINGS"),
            (query.format_clause.is_some(), Keyword::FORMAT, "FORMAT"),
            (!query.pipe_operators.is_empty(), Keyword::SELECT, "|>"),
        ];
        self.refuse(&rest)?;
        let select = match *query.body {
            SetExpr::Select(select) => *select,
            SetExpr::SetOperation { op, right, .. } => {
                return Err(
                    self.at(&*right, format!("one query at a time: there is no {op} in this language; --sql has it"))
                );
            }
            other => return Err(self.at(&other, "a query begins with SELECT")),
        };
        let distinct = match &select.distinct {
            None => false,
            Some(Distinct::Distinct) => true,
            Some(_) => return Err(self.at_word(Keyword::ALL, "there is no ALL or ON after SELECT")),
        };
        self.check_select(&select)?;
        let mut columns = Vec::new();
        for item in &select.projection {
            self.columns(item, &mut columns)?;
        }
        let group_by = match &select.group_by {
            GroupByExpr::Expressions(properties, modifiers) if modifiers.is_empty() => {
                properties.iter().map(|one| self.property(one)).collect::<Parsed<_>>()?
            }
            _ => return Err(self.at_word(Keyword::GROUP, "GROUP BY takes properties")),
        };
        let condition = select.selection.as_ref().map(|one| self.condition(one)).transpose()?;
        let order_by = self.order_by(query.order_by)?;
        let (limit, offset) = self.limit(query.limit_clause)?;
        let query = Query { columns, distinct, condition, group_by, order_by, limit, offset };
        self.check_groups(&query, &select)?;
        Ok(query)
    }

    fn refuse(&self, list: &[(bool, Keyword, &str)]) -> Parsed<()> {
        match list.iter().find(|(found, ..)| *found) {
            Some((_, keyword, word)) => {
                Err(self.at_word(*keyword, format!("there is no {word} in this language; --sql has all of SQL")))
            }
            None => Ok(()),
        }
    }

    fn check_select(&self, select: &Select) -> Parsed<()> {
        if !select.from.is_empty() {
            let message = "there is no FROM in this language: items are all there is; --sql takes SQL with tables";
            return Err(self.at_word(Keyword::FROM, message));
        }
        self.refuse(&[
            (select.having.is_some(), Keyword::HAVING, "HAVING"),
            (select.into.is_some(), Keyword::INTO, "INTO"),
            (select.top.is_some(), Keyword::TOP, "TOP"),
            (select.qualify.is_some(), Keyword::QUALIFY, "QUALIFY"),
            (select.prewhere.is_some(), Keyword::PREWHERE, "PREWHERE"),
            (!select.named_window.is_empty(), Keyword::WINDOW, "WINDOW"),
            (!select.lateral_views.is_empty(), Keyword::LATERAL, "LATERAL"),
            (!select.connect_by.is_empty(), Keyword::CONNECT, "CONNECT"),
            (!select.cluster_by.is_empty(), Keyword::CLUSTER, "CLUSTER BY"),
            (!select.distribute_by.is_empty(), Keyword::DISTRIBUTE, "DISTRIBUTE BY"),
            (!select.sort_by.is_empty(), Keyword::SORT, "SORT BY"),
            (select.exclude.is_some(), Keyword::EXCLUDE, "EXCLUDE"),
            (
                select.select_modifiers.is_some() || select.value_table_mode.is_some(),
                Keyword::SELECT,
                "modifier of SELECT",
            ),
        ])
    }

    fn columns(&self, item: &SelectItem, columns: &mut Vec<Column>) -> Parsed<()> {
        match item {
            SelectItem::Wildcard(_) => {
                columns.extend(SCALARS.map(|name| Column::Property(Property { path: vec![intern(name)] })));
            }
            SelectItem::UnnamedExpr(expression) => columns.push(self.column(expression)?),
            SelectItem::ExprWithAlias { alias, .. } => {
                return Err(
                    self.error(alias.span.start, "there is no AS in this language: a column has the property's name")
                );
            }
            other => return Err(self.at(other, "a column is a property, a function of one, or *")),
        }
        Ok(())
    }

    fn column(&self, expression: &Expr) -> Parsed<Column> {
        match expression {
            Expr::Function(function) => self.aggregate(function).map(Column::Aggregate),
            other => self.property(other).map(Column::Property),
        }
    }

    fn aggregate(&self, call: &sqlparser::ast::Function) -> Parsed<Aggregate> {
        let name = call.name.to_string();
        let Some(function) = Function::ALL.into_iter().find(|one| one.as_str().eq_ignore_ascii_case(&name)) else {
            let known = Function::ALL.map(Function::as_str);
            let hint = nearest::hint(&name, known);
            return Err(
                self.at(&call.name, format!("there is no function {name}; there are {}{hint}", known.join(", ")))
            );
        };
        let name = function.as_str();
        let plain = call.filter.is_none() && call.over.is_none() && call.within_group.is_empty();
        let arguments = match &call.args {
            FunctionArguments::List(list) if plain && list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
                list.args.as_slice()
            }
            _ => return Err(self.at(&call.name, format!("{name} takes one property and nothing else"))),
        };
        match arguments {
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] if function == Function::Count => {
                Ok(Aggregate { function, of: None })
            }
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(expression))] => {
                Ok(Aggregate { function, of: Some(self.property(expression)?) })
            }
            _ => Err(self.at(&call.name, format!("{name} takes one property"))),
        }
    }

    fn property(&self, expression: &Expr) -> Parsed<Property> {
        match expression {
            Expr::Identifier(name) => self.checked(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.checked(names),
            Expr::Nested(inner) => self.property(inner),
            Expr::Value(_) => Err(self.at(expression, "a property is expected here, and this is a value")),
            Expr::Function(call) => Err(self.at(&call.name, "a property is expected here, and this is a function")),
            other => Err(self.at(other, format!("a property is expected here, not {other}"))),
        }
    }

    /// The property of this path, if items can have it.
    fn checked(&self, names: &[Ident]) -> Parsed<Property> {
        let unknown = |name: &Ident, of: &str, known: &[&str]| {
            let near = nearest::hint(&name.value, known.iter().copied());
            let near = if near.is_empty() { format!("; there are {}", known.join(", ")) } else { near };
            self.error(name.span.start, format!("{of} no property `{}`{near}", name.value))
        };
        let [root, rest @ ..] = names else { return Err(self.error(self.end, "a property has a name")) };
        if !PROPERTIES.contains(&root.value.as_str()) {
            return Err(unknown(root, "items have", &PROPERTIES));
        }
        let below: Option<(&str, &[&str])> = match root.value.as_str() {
            "tags" => Some(("tags have", &TAG)),
            "relationships" => Some(("relationships have", &RELATIONSHIP)),
            "configuration" | "supplementaryConfiguration" => None,
            _ => Some((root.value.as_str(), &[])),
        };
        if let (Some((of, known)), [name, deeper @ ..]) = (below, rest) {
            if known.is_empty() {
                return Err(self.error(name.span.start, format!("`{of}` has no properties below it")));
            }
            if !known.contains(&name.value.as_str()) {
                return Err(unknown(name, of, known));
            }
            if let [deeper, ..] = deeper {
                return Err(self.error(deeper.span.start, format!("`{}` has no properties below it", name.value)));
            }
        }
        Ok(Property { path: names.iter().map(|name| intern(&name.value)).collect() })
    }

    fn condition(&self, expression: &Expr) -> Parsed<Condition> {
        let negated = |is: bool, condition| if is { Condition::Not(Box::new(condition)) } else { condition };
        match expression {
            Expr::Nested(inner) => self.condition(inner),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(negated(true, self.condition(expr)?)),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let mut parts = Vec::new();
                let whole = chain(expression, op, &mut |part| match self.condition(part) {
                    Ok(part) => {
                        parts.push(part);
                        ControlFlow::Continue(())
                    }
                    Err(error) => ControlFlow::Break(error),
                });
                if let ControlFlow::Break(error) = whole {
                    return Err(error);
                }
                Ok(if *op == BinaryOperator::And { Condition::All(parts) } else { Condition::Any(parts) })
            }
            Expr::BinaryOp { left, op, right } => {
                let property = self.compared(left)?;
                let operand = self.operand(right)?;
                let (test, not) = match op {
                    BinaryOperator::Eq => (Test::Equal(operand), false),
                    BinaryOperator::NotEq => (Test::Equal(operand), true),
                    BinaryOperator::Lt => (Test::Less(operand), false),
                    BinaryOperator::LtEq => (Test::LessOrEqual(operand), false),
                    BinaryOperator::Gt => (Test::Greater(operand), false),
                    BinaryOperator::GtEq => (Test::GreaterOrEqual(operand), false),
                    other => return Err(self.at(&**left, format!("there is no operator {other} in this language"))),
                };
                Ok(negated(not, Condition::Is(property, Box::new(test))))
            }
            Expr::InList { expr, list, negated: not } => {
                let property = self.compared(expr)?;
                let list = list.iter().map(|one| self.operand(one)).collect::<Parsed<_>>()?;
                Ok(negated(*not, Condition::Is(property, Box::new(Test::In(list)))))
            }
            Expr::Between { expr, negated: not, low, high } => {
                let property = self.compared(expr)?;
                let test = Test::Between(self.operand(low)?, self.operand(high)?);
                Ok(negated(*not, Condition::Is(property, Box::new(test))))
            }
            Expr::Like { negated: not, any: false, expr, pattern, escape_char: None } => {
                let property = self.compared(expr)?;
                let pattern = self.operand(pattern)?;
                let pieces = pattern.text.chars().map(|c| match c {
                    '%' => Wild::Many,
                    '_' => Wild::One,
                    c => Wild::Char(c),
                });
                Ok(negated(*not, Condition::Is(property, Box::new(Test::Like(pieces.collect())))))
            }
            Expr::Like { expr, .. } => Err(self.at(&**expr, "LIKE takes one pattern, and no ESCAPE")),
            Expr::IsNull(expr) => Ok(Condition::Is(self.property(expr)?, Box::new(Test::Null))),
            Expr::IsNotNull(expr) => Ok(negated(true, Condition::Is(self.property(expr)?, Box::new(Test::Null)))),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let property = self.property(expression)?;
                Err(self.at(expression, format!("a condition compares: `{property} = true`, for one")))
            }
            other => Err(self.at(other, "a condition compares a property with a value: =, <, >, IN, BETWEEN, LIKE")),
        }
    }

    /// The property on the left of a comparison. Objects and lists of objects have nothing to compare.
    fn compared(&self, expression: &Expr) -> Parsed<Property> {
        if let Expr::Value(_) = expression {
            return Err(self.at(expression, "the property stands on the left, the value on the right"));
        }
        let property = self.property(expression)?;
        let whole = ["configuration", "supplementaryConfiguration", "tags", "relationships"];
        if property.rest().is_empty() && whole.contains(&property.root()) {
            return Err(
                self.at(expression, format!("`{property}` cannot be compared as a whole: name a property below it"))
            );
        }
        Ok(property)
    }

    fn operand(&self, expression: &Expr) -> Parsed<Operand> {
        match expression {
            Expr::Value(value) => match &value.value {
                Literal::SingleQuotedString(text) => Ok(Operand::new(text, true)),
                Literal::Number(text, _) => Ok(Operand::new(text, false)),
                Literal::Boolean(truth) => Ok(Operand::new(&truth.to_string(), false)),
                Literal::Null => Err(self.at(expression, "nothing is equal to NULL: write IS NULL, or IS NOT NULL")),
                _ => Err(self.at(expression, "a value is text in single quotes, a number, true or false")),
            },
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
                Expr::Value(value) if matches!(value.value, Literal::Number(..)) => {
                    Ok(Operand::new(&format!("-{}", value.value), false))
                }
                other => Err(self.at(other, "a number is expected after the minus")),
            },
            Expr::Nested(inner) => self.operand(inner),
            Expr::Identifier(name) if name.quote_style.is_some() => {
                Err(self.at(expression, format!("text stands in single quotes: '{}'", name.value)))
            }
            other => Err(self.at(other, "a value is expected here: text in single quotes, a number, true or false")),
        }
    }

    fn order_by(&self, order_by: Option<sqlparser::ast::OrderBy>) -> Parsed<Vec<Order>> {
        let Some(order_by) = order_by else { return Ok(Vec::new()) };
        let OrderByKind::Expressions(list) = order_by.kind else {
            return Err(self.at_word(Keyword::ORDER, "ORDER BY takes properties and functions"));
        };
        let one = |order: &sqlparser::ast::OrderByExpr| {
            if order.options.nulls_first.is_some() || order.with_fill.is_some() {
                return Err(self.at(order, "ORDER BY takes ASC or DESC only: what has no value always comes last"));
            }
            let descending = match &order.options.sort {
                None | Some(OrderBySort::Asc) => false,
                Some(OrderBySort::Desc) => true,
                Some(_) => return Err(self.at(order, "ORDER BY takes ASC or DESC")),
            };
            Ok(Order { by: self.column(&order.expr)?, descending })
        };
        list.iter().map(one).collect()
    }

    fn limit(&self, clause: Option<LimitClause>) -> Parsed<(Option<usize>, usize)> {
        let number = |expression: &Expr| match expression {
            Expr::Value(value) => match &value.value {
                Literal::Number(text, _) => {
                    text.parse().map_err(|_| self.at(expression, "a whole number is expected here"))
                }
                _ => Err(self.at(expression, "a whole number is expected here")),
            },
            other => Err(self.at(other, "a whole number is expected here")),
        };
        match clause {
            None => Ok((None, 0)),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                let limit = limit.as_ref().map(&number).transpose()?;
                Ok((limit, offset.map_or(Ok(0), |offset| number(&offset.value))?))
            }
            Some(_) => Err(self.at_word(Keyword::LIMIT, "LIMIT takes a number, and OFFSET another")),
        }
    }

    /// In groups, a property has one value only if the groups are made by it.
    fn check_groups(&self, query: &Query, select: &Select) -> Parsed<()> {
        if !query.is_grouped() {
            return Ok(());
        }
        let outside = |column: &Column| match column {
            Column::Property(property) if !query.group_by.contains(property) => Some(property.clone()),
            _ => None,
        };
        let message = |property: Property| {
            format!("`{property}` has no single value in a group: put it into GROUP BY, or into a function")
        };
        for item in &select.projection {
            let mut columns = Vec::new();
            self.columns(item, &mut columns)?;
            if let Some(property) = columns.iter().find_map(outside) {
                return Err(self.at(item, message(property)));
            }
        }
        match query.order_by.iter().find_map(|order| outside(&order.by)) {
            Some(property) => Err(self.at_word(Keyword::ORDER, message(property))),
            None => Ok(()),
        }
    }
}

/// The parts of a chain of one operator, from left to right. The chain nests on the left and may be long: it is walked
/// without recursion.
fn chain<'e>(
    expression: &'e Expr,
    operator: &BinaryOperator,
    see: &mut impl FnMut(&'e Expr) -> ControlFlow<QueryError>,
) -> ControlFlow<QueryError> {
    let mut rights = Vec::new();
    let mut left = expression;
    while let Expr::BinaryOp { left: next, op, right } = left {
        if op != operator {
            break;
        }
        rights.push(&**right);
        left = next;
    }
    see(left)?;
    rights.into_iter().rev().try_for_each(see)
}

/// One behind the last character that is no space.
fn end(text: &str) -> Location {
    let text = text.trim_end();
    let line = text.lines().count().max(1);
    let column = text.lines().last().map_or(0, |line| line.chars().count()) + 1;
    Location::new(line as u64, column as u64)
}

/// Messages are fragments of sentences. A word in capitals stays: it is one of SQL.
fn lower(message: &str) -> String {
    let mut letters = message.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(message.chars().skip(1)).collect()
        }
        _ => message.to_owned(),
    }
}
