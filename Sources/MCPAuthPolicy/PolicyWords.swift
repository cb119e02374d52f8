// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Words of other policy languages, each with the advice that the error message gives.
///
/// Used in place of "did you mean", which compares spellings only: `and` is not a misspelt `any`.
package enum PolicyWords {
    private static let regularExpressions =
        "regular expressions are not part of this language; use `glob`, `prefix` or `suffix`"
    private static let negation = "write `{\"not\": {…}}` around the condition without the negation"
    private static let expressions =
        "a condition is written as JSON, as in `{\"claim\": \"/tenant\", \"equals\": \"acme\"}`"

    /// Keys at the top of a policy.
    static let document = ForeignWords([
        "statement statements policies policy permissions grants acl permit forbid allow deny require": "write `rules`",
        "default default_effect default_decision": "anything that no rule allows is denied; there is no other default",
        "scopes scope required": "write `required_scopes`",
        "name title label id": "write `description`",
        "implies hierarchy scope_hierarchy scope_map": "write `scope_implies`",
        "shadow dry_run dryrun enforcement enforced mode report_only": "write `\"enforce\": false` for shadow mode",
        "roles": "roles are claims; a rule checks them with `\"when\": {\"claim\": \"/roles\", \"contains\": …}`",
        "tests fixtures": "tests are in a separate file, such as `notes.test.json` for `notes.json`",
        "import imports include includes extends": "a policy cannot include others; a resource can name several",
    ])

    /// Keys of a rule.
    static let rule = ForeignWords([
        "name rule_id sid": "write `id`",
        "permit forbid allow deny require": "write `\"effect\": \"allow\"`, `\"deny\"` or `\"require\"`",
        "principal principals subject subjects user users who caller callers sub":
            "write `issuers`, `client_ids`, `subject_kind`, or `when` with a condition on a claim",
        "client clients app apps": "write `client_ids`",
        "tenant tenants": "check the claim: `\"when\": {\"claim\": \"/tenant\", \"equals\": …}`",
        "role roles group groups":
            "check the claim: `\"when\": {\"claim\": \"/roles\", \"contains\": …}`",
        "action actions operation operations verb verbs":
            "write `mcp_methods`, `tools`, `prompts`, `resource_uris` or `paths`",
        "method methods": "write `mcp_methods` or `http_methods`",
        "resource resources object objects uri uris":
            "write `resource_uris` for resources of MCP, or `paths` for paths of HTTP",
        "url urls route routes endpoint endpoints": "write `paths`",
        "target any": "write `\"targets\": \"any\"` for every operation",
        "if where condition conditions constraint constraints match claims raw_claim and or all_of any_of":
            "write `when` with a condition on claims",
        "unless except not": "write `when` with `{\"not\": {…}}`",
        "argument arguments arg args params parameters input":
            "check the argument: `\"when\": {\"argument\": \"/amount\", \"lte\": …}`",
        "public anonymous open": "write `\"subject_kind\": \"anyone\"` to allow callers without a token too",
        "permission permissions required_scopes": "write `scopes` with `all` or `any`",
        "order priority weight": "rules have no order: a deny or an unmet require beats every allow",
        "mfa acr_values amr": "write `acr` with the accepted classes of sign-in",
        "max_age maxage": "write `max_age_seconds`",
        "dpop pop cnf mtls": "write `\"proof_of_possession\": \"required\"`",
        "enabled disabled shadow dry_run": "write `\"enforce\": false` for shadow mode",
        "comment comments note": "write `description` or `$comment`",
    ])

    /// Values of `effect`.
    package static let effect = ForeignWords([
        "permit grant accept pass yes true": "write `allow`",
        "forbid refuse reject block drop no false": "write `deny`",
        "must need needs demand assert obligate": "write `require`",
    ])

    /// Values of `subject_kind`.
    package static let subjectKind = ForeignWords([
        "person human people end_user": "write `user`",
        "service machine application app m2m workload agent bot": "write `client`",
        "anybody everyone everybody anonymous public guest":
            "leave `subject_kind` out for users and clients; write `anyone` to allow callers without a token too",
    ])

    /// Keys of `scopes`.
    static let scopes = ForeignWords([
        "and all_of every each": "write `all`",
        "or any_of one_of some either": "write `any`",
        "not none none_of nor except":
            "a rule cannot ask for the absence of a scope; write a deny rule with `scopes` for callers that have it",
    ])

    /// Keys of a condition.
    package static let condition = ForeignWords([
        "and && all_of every each": "write `all`",
        "or || any_of some either": "write `any`",
        "one_of":
            "write `any` for one of several conditions, or `in` for one of several values",
        "none none_of nor not_any": "write `{\"not\": {\"any\": […]}}`",
        "not_all": "write `{\"not\": {\"all\": […]}}`",
        "nand xor": "write it with `all`, `any` and `not`",
        "! ~": "write `not`",
        "== = === eq equal is equal_to string_equals": "write `equals`",
        "!= <> !== ne neq not_equal not_equals is_not nequals string_not_equals": negation,
        "not_in nin not_contains excludes not_exists not_prefix not_suffix not_glob": negation,
        "includes include contain has_element member has_member":
            "write `contains` for a value of an array, or `glob` with `*` for a part of a string",
        "substring has_substring contains_string": "write `glob`, with `*` before and after the part of the string",
        "in_array in_list in_set is_in is_one_of equals_any": "write `in`",
        "has has_claim present is_present defined":
            "write `exists` where a claim must be present, or `contains` where an array must have a value",
        "missing not_present undefined is_null":
            "write `absent` where a claim must not be present, or `\"equals\": null`",
        "contains_key has_key":
            "name the member in the pointer, as in `{\"claim\": \"/address/country\", \"exists\": true}`",
        "superset superset_of has_all includes_all contains_every": "write `contains_all`",
        "intersects overlaps has_any includes_any contains_some contains_one_of": "write `contains_any`",
        "contains_none": "write `{\"not\": {…}}` around `contains_any`",
        "subset within only contains_only has_only": "write `subset_of`",
        "length size count": "no operator checks the length of a value",
        "matches match regex regexp re rlike pattern =~ ~=": regularExpressions,
        "like wildcard string_like": "write `glob`, where `*` matches anything",
        "starts_with begins_with startwith starts begins": "write `prefix`",
        "ends_with endwith ends": "write `suffix`",
        "< less less_than before": "write `lt`",
        "<= =< lt= le less_or_equal less_than_or_equal less_than_or_equals less_than_equals at_most max": "write `lte`",
        "> greater greater_than after": "write `gt`",
        ">= => gt= ge greater_or_equal greater_than_or_equal greater_than_or_equals greater_than_equals at_least min":
            "write `gte`",
        "between": "write `all` with `gte` and `lte`",
        "arguments arg args param params parameter input":
            "write `argument`, as in `{\"argument\": \"/amount\", \"lte\": 100}`",
        "captures segment path_parameter": "write `capture`, as in `{\"capture\": \"tenant\", \"equals\": \"acme\"}`",
        "scope scopes": "write `scopes` in the rule, next to `when`",
        "op operator value values":
            "the operator is the key and its operand the value, as in `\"equals\": \"acme\"`",
        "field attribute attr key path pointer var name":
            "a value is named by `claim`, `argument` or `capture`, as in `\"claim\": \"/tenant\"`",
        "if unless when expression expr": expressions,
        "ignore_case case_insensitive iequals equals_ignore_case ilike":
            "strings are compared exactly; list the spellings with `in`",
    ])

    /// The advice for a string in place of a condition.
    static let expressionAdvice = expressions
}
