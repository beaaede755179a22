//! What the advertising services add to their manifest: no IMEI beside an identifier that people can reset.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let resettable = [Data::Gaid, Data::Oaid].iter().any(|id| request.has(*id));
    if resettable && request.has(Data::Imei) {
        return deny(Reason::ResettableIdSuffices);
    }
    permit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn_by<const N: usize>(data: [Data; N]) -> Verdict {
        evaluate(&Request::new(Operation::Use, "ad-model-optimisation", data))
    }

    #[test]
    fn the_imei_stands_alone() {
        assert_eq!(
            learn_by([Data::Imei, Data::Oaid]),
            deny(Reason::ResettableIdSuffices)
        );
        assert_eq!(
            learn_by([Data::Imei, Data::Gaid, Data::ConversionData]),
            deny(Reason::ResettableIdSuffices)
        );
        assert_eq!(learn_by([Data::Imei, Data::ConversionData]), permit());
        assert_eq!(learn_by([Data::Gaid, Data::Oaid]), permit());
    }
}
