//! SQL for the books: the only file that writes the `journal` and `legs` tables.
//!
//! Invariants: append-only; numbered from 1 without gaps; every entry's hash covers its content and the hash before it,
//! so that no row can be changed or taken out unseen.

use florin_domain::ledger::Entry;
use florin_domain::{Currency, Money, Timestamp};

use crate::columns::{currency, hash, money, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO journal (seq, kind, subject, at, hash) VALUES ($1, $2, $3, $4, $5)";
const INSERT_LEG: &str = "INSERT INTO legs (seq, number, account, owner, currency, amount_minor) VALUES ($1, $2, $3, $4, $5, $6)";
const HEAD: &str = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
const PAGE: &str = "SELECT seq, kind, subject, at, hash FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2";
const LEGS: &str = "SELECT seq, account, owner, currency, amount_minor FROM legs WHERE seq > $1 AND seq <= $2 ORDER BY seq, number";
const BALANCE: &str = "
    SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM legs WHERE account = $1 AND owner = $2 AND currency = $3";

/// Where the chain of entries begins.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// An entry as it stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Its number, from 1.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// Account, owner and amount of each leg.
    pub legs: Vec<(String, String, Money)>,
    /// The hash over the entry and the hash before it.
    pub hash: [u8; 32],
}

impl Booked {
    /// The bytes that the hash covers, after the `previous` hash.
    pub fn sealed_bytes(&self, previous: &[u8; 32]) -> Vec<u8> {
        let mut bytes = sealed_head(previous, self.seq, &self.kind, &self.subject, self.at);
        for (account, owner, amount) in &self.legs {
            seal_leg(&mut bytes, account, owner, *amount);
        }
        bytes
    }
}

impl Tx<'_> {
    /// Writes an entry at the end of the books. An entry without legs moved nothing and is not written.
    pub(crate) fn post(&mut self, entry: &Entry) -> Result<(), StoreError> {
        if entry.legs().is_empty() {
            return Ok(());
        }
        let (last, previous) = self.chain_head()?;
        let seq = last + 1;
        let mut bytes = sealed_head(&previous, seq, entry.kind(), entry.subject(), entry.at());
        for leg in entry.legs() {
            seal_leg(&mut bytes, leg.account.name(), &leg.owner, leg.amount);
        }
        let hash = self.digest(&bytes);
        let at = entry.at().micros();
        self.execute_one(INSERT, &[seq.into(), entry.kind().into(), entry.subject().into(), at.into(), (&hash).into()])?;
        for (number, leg) in (1_i64..).zip(entry.legs()) {
            let (account, code) = (leg.account.name(), leg.amount.currency().code());
            let values = [seq.into(), number.into(), account.into(), (&leg.owner).into(), code.into(), leg.amount.minor().into()];
            self.execute_one(INSERT_LEG, &values)?;
        }
        self.head = Some((seq, hash));
        Ok(())
    }

    /// The last entry's number and hash, read once a transaction.
    fn chain_head(&mut self) -> Result<(i64, [u8; 32]), StoreError> {
        if let Some(head) = self.head {
            return Ok(head);
        }
        let head = self.query_one(HEAD, &[], |row| Ok((row.int(0)?, hash(row, 1)?)))?.unwrap_or((0, CHAIN_START));
        self.head = Some(head);
        Ok(head)
    }

    /// The entries after number `after`, `count` at the most, in order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_entries(&mut self, after: i64, count: i64) -> Result<Vec<Booked>, StoreError> {
        let mut entries = self.query(PAGE, &[after.into(), count.into()], |row| {
            Ok(Booked {
                seq: row.int(0)?,
                kind: row.text(1)?.to_owned(),
                subject: row.text(2)?.to_owned(),
                at: time(row, 3)?,
                legs: Vec::new(),
                hash: hash(row, 4)?,
            })
        })?;
        let last = entries.last().map_or(after, |entry| entry.seq);
        let legs = self.query(LEGS, &[after.into(), last.into()], |row| {
            let amount = money(row, 4, currency(row, 3)?)?;
            Ok((row.int(0)?, (row.text(1)?.to_owned(), row.text(2)?.to_owned(), amount)))
        })?;
        let mut place = 0;
        for (seq, leg) in legs {
            while entries.get(place).is_some_and(|entry| entry.seq < seq) {
                place += 1;
            }
            match entries.get_mut(place) {
                Some(entry) if entry.seq == seq => entry.legs.push(leg),
                _ => return Err(StoreError::corrupt("legs", "seq")),
            }
        }
        Ok(entries)
    }

    /// What an account holds for an owner: debits less credits.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn balance(&mut self, account: &str, owner: &str, currency: Currency) -> Result<Money, StoreError> {
        let values = [Value::from(account), owner.into(), currency.code().into()];
        let minor = self.query_one(BALANCE, &values, |row| row.int(0))?.unwrap_or(0);
        Ok(Money::new(minor, currency))
    }
}

fn sealed_head(previous: &[u8; 32], seq: i64, kind: &str, subject: &str, at: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(previous);
    bytes.extend_from_slice(&seq.to_be_bytes());
    seal_text(&mut bytes, kind);
    seal_text(&mut bytes, subject);
    bytes.extend_from_slice(&at.micros().to_be_bytes());
    bytes
}

fn seal_leg(bytes: &mut Vec<u8>, account: &str, owner: &str, amount: Money) {
    seal_text(bytes, account);
    seal_text(bytes, owner);
    seal_text(bytes, amount.currency().code());
    bytes.extend_from_slice(&amount.minor().to_be_bytes());
}

/// Length before content, so that no two different entries have the same bytes.
fn seal_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
