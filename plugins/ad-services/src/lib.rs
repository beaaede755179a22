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
    use licit_guest::testing::ask;

    #[test]
    fn the_imei_stands_alone() {
        let learn = ask!(Use AdModelOptimisation [Imei, ConversionData]);
        learn.assert_permit();
        for resettable in [Data::Gaid, Data::Oaid] {
            let beside = learn.data([Data::Imei, resettable]);
            beside.assert_deny(Reason::ResettableIdSuffices);
            learn.data([resettable, Data::ConversionData]).assert_permit();
        }
    }
}
