//! Claims about orders: every verb in every state, and what each change carries.

use super::*;
use crate::loan::{LoanIds, Offer, Term};
use crate::seller::Pricing;
use crate::{CardId, Currency};

const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

fn terms() -> NewOrder {
    NewOrder {
        id: OrderId::from_random([1; 16]),
        link: LinkToken::parse("abcdefghijklmnopqrstuvwxyz012345").unwrap(),
        pay_link_id: OrderId::from_random([2; 16]),
        seller: SellerId::from_random([3; 16]),
        token: TokenId::from_random([4; 16]),
        amount: Money::pounds(4_200),
        reference: "#order1".to_owned(),
        methods: PayMethods::both(),
        source: None,
        redirect_url: None,
        webhook_url: None,
        meta_data: None,
    }
}

fn seller(pricing: Pricing) -> Seller {
    Seller { id: terms().seller, name: "Acme".to_owned(), pricing, payout_hold_days: 0, created_at: NOW }
}

fn company() -> CompanyNumber {
    CompanyNumber::parse("10000001").unwrap()
}

fn loan() -> Loan {
    let ids = LoanIds { loan: LoanId::from_random([5; 16]), order: terms().id, seller: terms().seller, card: CardId::from_random([6; 16]) };
    let offer = Offer::new(terms().amount, Term::Months3, Term::Months3.rate(), NOW).unwrap();
    Loan::fund(ids, company(), &offer, NOW)
}

fn order(state: OrderState) -> Order {
    Order { terms: terms(), created_at: NOW, state, version: 1 }
}

fn states() -> [OrderState; 5] {
    [
        OrderState::Created,
        OrderState::Pending { since: NOW },
        OrderState::Approved { since: NOW, company: company() },
        OrderState::Successful { at: NOW, settlement: Settlement::Credit(loan().id) },
        OrderState::Unsuccessful { at: NOW, reason: EndReason::Cancelled },
    ]
}

/// Every verb with the statuses it is legal in; whatever is not listed must be refused.
#[test]
fn every_verb_is_legal_in_its_own_states_and_refused_in_all_others() {
    type Verb = fn(Order) -> Result<Option<Change>, OrderError>;
    let verbs: [(&str, Verb, &[Status]); 5] = [
        ("begin", |order| order.begin(NOW), &[Status::Created, Status::Pending]),
        ("approve", |order| order.approve(company(), NOW).map(Some), &[Status::Pending]),
        ("pay with credit", |order| order.pay_with_credit(&loan(), &seller(Pricing::BuyerPays), NOW).map(Some), &[Status::Approved]),
        ("pay with bank", |order| order.pay_with_bank(BankPaymentId::from_random([7; 16]), NOW).map(Some), &[Status::Pending]),
        ("end", |order| order.end(EndReason::Cancelled, NOW).map(Some), &[Status::Created, Status::Pending, Status::Approved]),
    ];
    for (name, verb, legal) in verbs {
        for state in states() {
            let status = state.status();
            assert_eq!(verb(order(state)).is_ok(), legal.contains(&status), "{name} when {}", status.name());
        }
    }
}

#[test]
fn credit_for_one_company_pays_no_order_approved_for_another() {
    let state = OrderState::Approved { since: NOW, company: CompanyNumber::parse("10000002").unwrap() };
    assert!(order(state).pay_with_credit(&loan(), &seller(Pricing::BuyerPays), NOW).is_err());
}

#[test]
fn an_order_for_nothing_is_refused() {
    for minor in [0, -1] {
        let bad = NewOrder { amount: Money::pence(minor), ..terms() };
        assert_eq!(Order::create(bad, NOW), Err(OrderError::AmountNotPositive));
    }
}

/// Adds up the legs of an account over a whole journey.
fn balance(entries: &[Entry], account: Account) -> i64 {
    entries.iter().flat_map(Entry::legs).filter(|leg| leg.account == account).map(|leg| leg.amount.minor()).sum()
}

#[test]
fn a_paid_later_order_leaves_no_memorandum_and_owes_the_seller_in_full() {
    let seller = seller(Pricing::SellerPays { fee_bps: 350 });
    let (mut entries, mut credits) = (Vec::new(), Vec::new());
    let mut keep = |change: Change| {
        let ChangeParts { order, event, entry, credit } = change.into_parts();
        credits.extend(credit.map(|credit| credit.kind));
        assert_eq!((event.number, event.status), (order.version, order.status()));
        entries.push(entry);
        order
    };
    let order = keep(Order::create(terms(), NOW).unwrap());
    let order = keep(order.begin(NOW).unwrap().unwrap());
    let order = keep(order.approve(company(), NOW).unwrap());
    let order = keep(order.pay_with_credit(&loan(), &seller, NOW).unwrap());
    assert_eq!(order.version, 4);
    assert_eq!(credits, [CreditMoveKind::Hold, CreditMoveKind::Draw]);
    for memo in [Account::OrdersOpen, Account::OrdersOpenContra, Account::CreditHeld, Account::CreditHeldContra] {
        assert_eq!(balance(&entries, memo), 0, "{memo:?}");
    }
    assert_eq!(balance(&entries, Account::MerchantPayable), -420_000);
    assert_eq!(balance(&entries, Account::BuyerReceivable), 420_000);
    assert_eq!(balance(&entries, Account::MerchantFees), -14_700, "3.5 % of £4,200");
}

#[test]
fn whatever_ends_an_order_frees_what_it_held() {
    for reason in EndReason::ALL {
        let state = OrderState::Approved { since: NOW, company: company() };
        let parts = order(state).end(reason, NOW).unwrap().into_parts();
        assert_eq!(parts.credit.map(|credit| credit.kind), Some(CreditMoveKind::Release));
        assert_eq!(balance(&[parts.entry], Account::CreditHeld), -420_000, "{}", reason.name());
    }
}

#[test]
fn fees_are_rounded_half_up_to_the_penny() {
    let seller = seller(Pricing::SellerPays { fee_bps: 350 });
    assert_eq!(seller.fee(Money::pence(100)), Money::pence(4), "3.5 pence");
    assert_eq!(seller.fee(Money::pence(99)), Money::pence(3), "3.465 pence");
    assert_eq!(seller.fee(Money::zero(Currency::Gbp)), Money::pence(0));
}
