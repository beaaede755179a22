//! Judging requests: the algebra on tiny policies, the embedded policy as data, and its golden cases.

#[cfg(test)]
mod algebra;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod support;
