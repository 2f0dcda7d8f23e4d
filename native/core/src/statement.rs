//! What a QUERY event means for the stream; the same classes as `connector/transcode/statements.py`, which says why the
//! first words are enough.

/// Classes of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// The transaction ends with COMMIT or XID.
    Begin,
    /// Its end.
    Commit,
    /// May change these tables: (database, table).
    Ddl(Vec<(String, String)>),
    /// Row changes as text: they cannot be followed.
    Dml,
    /// Leaves no trace in the binlog.
    Savepoint,
    /// XA, ROLLBACK of non-transactional work.
    Unsupported,
    /// GRANT, FLUSH, CREATE USER, ...: no rows.
    Other,
}

// CALL, DO and SELECT are how a statement-based binlog writes stored functions that change rows.
const DML: [&str; 9] = ["insert", "update", "delete", "replace", "load", "with", "call", "do", "select"];

/// Classify one statement; `database` is the session's default, for unqualified names.
pub fn classify(sql: &str, database: &str) -> Statement {
    if sql == "BEGIN" {
        return Statement::Begin; // as the server writes it itself
    }
    let start = Text(sql).beginning();
    let letters = start.0.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = start.0.get(..letters).unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "begin" | "start" => Statement::Begin,
        "commit" => Statement::Commit,
        "savepoint" => Statement::Savepoint,
        "xa" | "rollback" => Statement::Unsupported,
        word if DML.contains(&word) => Statement::Dml,
        _ => match start.table_ddl().or_else(|| start.index_ddl()) {
            Some(rest) => Statement::Ddl(tables(rest, database)),
            None => Statement::Other,
        },
    }
}

/// Names after the verb: one, or a list separated by ',' (DROP) or 'TO' and ',' (RENAME).
fn tables(mut text: Text<'_>, database: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((first, rest)) = text.blanks().name() {
        let second = rest.blanks().0.strip_prefix('.').and_then(|after| Text(after).blanks().name());
        text = if let Some((second, rest)) = second {
            found.push((first, second));
            rest
        } else {
            found.push((database.to_owned(), first));
            rest
        };
        let separated = text.blanks();
        let after = separated.0.strip_prefix(',').map(Text).or_else(|| separated.word("to")?.boundary());
        let Some(after) = after else { break };
        text = after;
    }
    found
}

/// What is left of a statement.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl Text<'_> {
    /// Behind white space, comments and the openings of versioned comments, which are a part of the statement.
    fn beginning(self) -> Self {
        let mut text = self;
        loop {
            let next = if let Some(versioned) = text.0.strip_prefix("/*!") {
                Self(versioned.trim_start_matches(|char: char| char.is_ascii_digit()))
            } else {
                text.blanks()
            };
            if next.0.len() == text.0.len() {
                return text;
            }
            text = next;
        }
    }

    /// Behind white space and comments, if there are any.
    fn blanks(self) -> Self {
        let mut text = self.0;
        loop {
            let trimmed = text.trim_start_matches(is_space);
            let next = if let Some(comment) = trimmed.strip_prefix("/*").filter(|rest| !rest.starts_with('!')) {
                comment.split_once("*/").map_or(trimmed, |(_, rest)| rest)
            } else if trimmed.starts_with('#')
                || trimmed.strip_prefix("--").is_some_and(|rest| rest.starts_with(is_space))
            {
                trimmed.find('\n').map_or("", |end| trimmed.get(end..).unwrap_or_default())
            } else {
                trimmed
            };
            if next.len() == text.len() {
                return Self(text);
            }
            text = next;
        }
    }

    /// Behind at least one blank.
    fn gap(self) -> Option<Self> {
        let next = self.blanks();
        (next.0.len() < self.0.len()).then_some(next)
    }

    /// Behind a keyword in any case; what follows may go on with letters.
    fn word(self, word: &str) -> Option<Self> {
        let (found, rest) = self.0.split_at_checked(word.len())?;
        found.eq_ignore_ascii_case(word).then_some(Self(rest))
    }

    /// Behind a gap and a keyword.
    fn next(self, word: &str) -> Option<Self> {
        self.gap()?.word(word)
    }

    /// Itself, unless a word goes on here.
    fn boundary(self) -> Option<Self> {
        (!self.0.starts_with(is_word)).then_some(self)
    }

    /// Behind `optional` when that is there and ends with a word, else itself when a word ends here.
    fn maybe(self, optional: Option<Self>) -> Option<Self> {
        optional.and_then(Self::boundary).or_else(|| self.boundary())
    }

    fn table_ddl(self) -> Option<Self> {
        if let Some(rest) = self.word("create") {
            let table = rest.next("table")?;
            return table.maybe(table.next("if").and_then(|rest| rest.next("not")?.next("exists")));
        }
        if let Some(rest) = self.word("alter") {
            return rest.next("table")?.boundary();
        }
        if let Some(rest) = self.word("drop") {
            let table = rest.next("table")?;
            let exists = |rest: Self| rest.maybe(rest.next("if").and_then(|rest| rest.next("exists")));
            return table.word("s").and_then(exists).or_else(|| exists(table));
        }
        if let Some(rest) = self.word("truncate") {
            return rest.maybe(rest.next("table"));
        }
        let table = self.word("rename")?.next("table")?;
        table.maybe(table.word("s"))
    }

    fn index_ddl(self) -> Option<Self> {
        let rest = if let Some(rest) = self.word("create") {
            let rest = rest.gap()?;
            let kind = ["unique", "fulltext", "spatial"].iter().find_map(|kind| rest.word(kind)?.gap());
            kind.and_then(|rest| rest.word("index")).or_else(|| rest.word("index"))?
        } else {
            self.word("drop")?.next("index")?
        };
        let (_, named) = rest.gap()?.name()?;
        let method = named.next("using").and_then(|rest| {
            let method = rest.gap()?;
            let end = method.0.find(|char| !is_word(char)).unwrap_or(method.0.len());
            (end > 0).then(|| Self(method.0.get(end..).unwrap_or_default()))
        });
        let on = |rest: Self| rest.next("on").and_then(Self::boundary);
        method.and_then(on).or_else(|| on(named))
    }

    /// A name, unquoted, and what follows it.
    fn name(self) -> Option<(String, Self)> {
        let quote = self.0.chars().next()?;
        if quote != '`' && quote != '"' {
            let end = self.0.find(|char| !is_word(char) && char != '$').unwrap_or(self.0.len());
            let (name, rest) = self.0.split_at_checked(end)?;
            return (!name.is_empty()).then(|| (name.to_owned(), Self(rest)));
        }
        let inner = self.0.get(1..)?;
        let mut name = String::new();
        let mut chars = inner.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            if char != quote {
                name.push(char);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                name.push(quote);
            } else {
                return (!name.is_empty()).then(|| (name, Self(inner.get(at + 1..).unwrap_or_default())));
            }
        }
        None
    }
}

fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\x1c'..='\x1f').contains(&char)
}

fn is_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ddl(names: &[(&str, &str)]) -> Statement {
        Statement::Ddl(names.iter().map(|(database, table)| ((*database).to_owned(), (*table).to_owned())).collect())
    }

    #[test]
    fn statements() {
        for (sql, wanted) in [
            ("BEGIN", Statement::Begin),
            ("/* x */ commit", Statement::Commit),
            ("# note\ninsert into t values (1)", Statement::Dml),
            ("XA START 'x'", Statement::Unsupported),
            ("GRANT ALL ON *.* TO a", Statement::Other),
            ("create table if not exists `a``b` (id int)", ddl(&[("db", "a`b")])),
            ("CREATE/**/TABLE x.y (id int)", ddl(&[("x", "y")])),
            ("/*!80013 alter table t add c int */", ddl(&[("db", "t")])),
            ("drop tables if exists a, `b` . c", ddl(&[("db", "a"), ("b", "c")])),
            ("rename table a to b, c to d.e", ddl(&[("db", "a"), ("db", "b"), ("db", "c"), ("d", "e")])),
            ("truncate t", ddl(&[("db", "t")])),
            ("create unique index i using btree on t (a)", ddl(&[("db", "t")])),
            ("drop index i on t", ddl(&[("db", "t")])),
            ("drop tablespace x", Statement::Other),
            ("create table", ddl(&[])),
            ("", Statement::Other),
        ] {
            assert_eq!(classify(sql, "db"), wanted, "{sql}");
        }
    }
}
