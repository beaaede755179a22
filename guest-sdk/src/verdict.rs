//! The plugin's vote.

/// The plugin's vote on one request, over the reasons `R` and obligations `O` of its manifest.
///
/// It can only narrow: a permit counts only where the baseline and the manifest permit too. Authors build one
/// by the generated functions `permit()` and `deny(Reason::…)`.
#[must_use = "a verdict has an effect only as the result of `evaluate`"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<R, O> {
    /// No objection, with the plugin's own obligations.
    Permit(Vec<O>),
    /// An objection, with the reason.
    Deny(R),
}

impl<R, O: PartialEq> Verdict<R, O> {
    /// Attaches an obligation to a permit, once however often it is named. A deny stays as it is: a plugin's
    /// obligations belong to permits.
    ///
    /// ```
    /// use licit_guest::Verdict;
    ///
    /// let verdict = Verdict::<&str, &str>::Permit(Vec::new()).with("refresh-index").with("refresh-index");
    /// assert_eq!(verdict, Verdict::Permit(vec!["refresh-index"]));
    /// assert_eq!(Verdict::Deny("history-too-old").with("refresh-index"), Verdict::Deny("history-too-old"));
    /// ```
    pub fn with(mut self, obligation: O) -> Self {
        if let Self::Permit(obligations) = &mut self
            && !obligations.contains(&obligation)
        {
            obligations.push(obligation);
        }
        self
    }
}

impl<R, O> Verdict<R, O> {
    /// Whether the plugin has no objection.
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit(_))
    }
}
