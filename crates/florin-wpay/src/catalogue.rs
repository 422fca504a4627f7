//! The error codes of the surface, and which of them tells which fault.
//!
//! Invariant: a fault has one code, wherever it is told. Source: `docs/wire/wpay.md`, "Errors".

use florin_domain::fault::Fault;
use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $status:ident $message:literal;)*) => {
        /// A code of the catalogue.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The code on the wire.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status of an answer that has this code at its top.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What it says to everybody.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

codes! {
    /// No API key, or none that is known.
    Ap01 = "AP01" UNAUTHORIZED "Unauthorized";
    /// No bearer, or none that is good.
    Ap02 = "AP02" UNAUTHORIZED "Unauthorized";
    /// Whatever has no code of its own.
    Ap99 = "AP99" BAD_REQUEST "Bad Request";
    /// A wrong account or password.
    Bi02 = "BI02" BAD_REQUEST "Invalid account or password";
    /// What was sent cannot be used.
    Bi08 = "BI08" BAD_REQUEST "Bad data";
    /// No such record.
    Bi24 = "BI24" BAD_REQUEST "No record found";
    /// What is sent for the fraud screen is written for another one.
    Bi34 = "BI34" BAD_REQUEST "Fraud version is not supported";
    /// A payment failed; each instrument says why.
    Bi52 = "BI52" BAD_REQUEST "Payment failed";
    /// No such original.
    Bi55 = "BI55" BAD_REQUEST "Original transaction not found";
    /// A step-up token that is not good for this.
    Bv57 = "BV57" NOT_IMPLEMENTED "Step-up token is illegal";
    /// A step-up token that is too old.
    Bv58 = "BV58" NOT_IMPLEMENTED "Step-up token has expired";
    /// No step-up token where one is needed.
    Bv59 = "BV59" NOT_IMPLEMENTED "Step-up token is required";
    /// Nobody knows yet what came of it.
    Es36 = "ES36" GATEWAY_TIMEOUT "Gateway timeout";
    /// The issuer said no.
    Es52 = "ES52" BAD_REQUEST "Transaction declined";
    /// The network broke.
    Es53 = "ES53" BAD_GATEWAY "Technical error";
    /// The issuer is away.
    Es91 = "ES91" BAD_GATEWAY "Issuer unavailable";
    /// The same again.
    Es94 = "ES94" BAD_REQUEST "Duplicate transaction";
    /// The instrument has run out.
    Es105 = "ES105" BAD_REQUEST "Payment instrument has expired";
    /// The issuer does not do this.
    Es112 = "ES112" BAD_REQUEST "Invalid transaction";
    /// A gift card's number or PIN is wrong.
    Es120 = "ES120" BAD_REQUEST "Gift card details are incorrect";
    /// A completion of more than was held.
    Es122 = "ES122" BAD_REQUEST "Completion exceeds the pre-authorisation";
    /// This merchant does not take it.
    Es130 = "ES130" BAD_REQUEST "Not supported by the merchant";
    /// There is not enough money.
    Es151 = "ES151" BAD_REQUEST "Insufficient funds";
    /// The account is locked or closed.
    Es470 = "ES470" BAD_REQUEST "Account is locked or closed";
    /// There is not enough money on the gift card.
    Es611 = "ES611" BAD_REQUEST "Insufficient gift card balance";
    /// The network is down.
    Es3000 = "ES3000" BAD_GATEWAY "Network is down";
    /// Goods that this payment instrument does not buy.
    Rp001 = "RP-001" FORBIDDEN "Product validation failed";
    /// The cardholder has to be authenticated.
    ThreeDs001 = "3DS_001" BAD_REQUEST "3DS TOKEN REQUIRED";
    /// No such session of an authentication.
    ThreeDs002 = "3DS_002" UNPROCESSABLE_ENTITY "Invalid 3DS session";
    /// The authentication is not done, or its proof was used.
    ThreeDs003 = "3DS_003" UNPROCESSABLE_ENTITY "3DS validation failed";
    /// The cardholder was not authenticated.
    ThreeDs006 = "3DS_006" BAD_REQUEST "3DS authentication failed";
    /// The authentication came too late.
    ThreeDs007 = "3DS_007" UNPROCESSABLE_ENTITY "3DS authentication timed out";
    /// This server does not do that.
    Un68 = "UN68" INTERNAL_SERVER_ERROR "Unsupported operation";
    /// A defect of ours.
    Un99 = "UN99" INTERNAL_SERVER_ERROR "Unexpected error";
}

/// The code that tells `fault`.
pub const fn of_fault(fault: Fault) -> Code {
    match fault {
        Fault::UnknownInstrument => Code::Bi24,
        Fault::NotSupported => Code::Es130,
        Fault::StepUpRequired => Code::Bv59,
        Fault::StepUpIllegal => Code::Bv57,
        Fault::StepUpExpired => Code::Bv58,
        Fault::PasscodeWrong => Code::Bi02,
        Fault::Declined => Code::Es52,
        Fault::InsufficientFunds => Code::Es151,
        Fault::Expired => Code::Es105,
        Fault::Closed => Code::Es470,
        Fault::IssuerUnavailable => Code::Es91,
        Fault::TimedOut => Code::Es36,
        Fault::Technical => Code::Es53,
        Fault::Duplicate => Code::Es94,
        Fault::Invalid | Fault::AboveRefundable | Fault::NotApproved => Code::Es112,
        Fault::AuthenticationRequired => Code::ThreeDs001,
        Fault::AuthenticationFailed => Code::ThreeDs006,
        Fault::GiftCardDetails => Code::Es120,
        Fault::GiftCardBalance => Code::Es611,
        Fault::AboveAuthorisation => Code::Es122,
        Fault::OriginalNotFound => Code::Bi55,
        Fault::NotSent => Code::Es3000,
        Fault::PutBack | Fault::FraudRejected => Code::Bi52,
        Fault::GoodsExcluded => Code::Rp001,
    }
}

/// What `fault` means, as a sentence for the developer at the other end.
pub const fn detail(fault: Fault) -> &'static str {
    match fault {
        Fault::UnknownInstrument => "This wallet has no such payment instrument.",
        Fault::NotSupported => "This payment instrument cannot be used for this here.",
        Fault::StepUpRequired => "The code on the card is needed: send the stepUpToken that stepUp.url gives.",
        Fault::StepUpIllegal => "This stepUpToken is unknown, used already, or another payment instrument's.",
        Fault::StepUpExpired => "This stepUpToken is too old: take a new one from stepUp.url.",
        Fault::PasscodeWrong => "The gift card's PIN, sent as passcode, is wrong.",
        Fault::Declined => "The issuer declined.",
        Fault::InsufficientFunds => "There is not enough money behind this payment instrument.",
        Fault::Expired => "This payment instrument has expired.",
        Fault::Closed => "The account behind this payment instrument is locked or closed.",
        Fault::IssuerUnavailable => "The issuer cannot be reached.",
        Fault::TimedOut => "The issuer did not answer in time. The outcome is not known yet: look it up before trying again.",
        Fault::Technical => "The payment network failed.",
        Fault::Duplicate => "The issuer took this for a repetition.",
        Fault::Invalid => "The issuer does not allow this kind of transaction.",
        Fault::AuthenticationRequired => "The cardholder has to be authenticated first.",
        Fault::AuthenticationFailed => "The cardholder was not authenticated.",
        Fault::GiftCardDetails => "There is no gift card with this number and PIN.",
        Fault::GiftCardBalance => "There is not enough money on the gift card.",
        Fault::AboveAuthorisation => "The amount is more than was authorised.",
        Fault::AboveRefundable => "The amount is more than is left to refund.",
        Fault::OriginalNotFound => "There is no such transaction, or it is in no state for this.",
        Fault::NotSent => "Nothing was sent to the payment network. Trying again is safe.",
        Fault::PutBack => "Put back because another payment instrument was refused, or because the answer came too late.",
        Fault::FraudRejected => "The fraud screen refused the payment; fraudResponse says more.",
        Fault::GoodsExcluded => "The basket holds goods that are not sold for this gift card.",
        Fault::NotApproved => "The shopper has not approved this at its provider: open serviceProviderURL first.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_read_alike() {
        let texts: HashSet<_> = Code::ALL.iter().map(|code| code.text()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn every_fault_has_a_code_of_the_catalogue() {
        for fault in Fault::ALL {
            assert!(Code::ALL.contains(&of_fault(fault)), "{fault:?}");
            assert!(detail(fault).ends_with('.'), "{fault:?}");
        }
    }
}
