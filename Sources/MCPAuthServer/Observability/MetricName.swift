// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The metrics of `mcp-auth serve`: the table from which `/metrics` takes its help texts, and with which a test compares
/// the dashboard and `docs/operations.md`.
package enum MetricName: String, CaseIterable, Sendable {
    case decisions = "mcpauth_decisions_total"
    case decisionSeconds = "mcpauth_decision_seconds"
    case events = "mcpauth_events_total"
    case denials = "mcpauth_denials_total"
    case moduleCounters = "mcpauth_module_total"
    case reloadRefused = "mcpauth_reload_refused"
    case generation = "mcpauth_configuration_generation"
    case cacheHits = "mcpauth_token_cache_hits_total"
    case cacheMisses = "mcpauth_token_cache_misses_total"
    case cacheEvictions = "mcpauth_token_cache_evictions_total"
    case cacheEntries = "mcpauth_token_cache_entries"
    case issuerUsable = "mcpauth_issuer_usable"
    case keysAge = "mcpauth_issuer_keys_age_seconds"
    case connections = "mcpauth_open_connections"
    case logDropped = "mcpauth_decision_log_dropped_total"
    case logWaiting = "mcpauth_decision_log_waiting"
    case spansDropped = "mcpauth_spans_dropped_total"
    case seriesDropped = "mcpauth_metric_series_dropped_total"
    case startTime = "process_start_time_seconds"
    case memory = "process_resident_memory_bytes"
    case processor = "process_cpu_seconds_total"
    case openFiles = "process_open_fds"

    /// What it is, in one sentence.
    package var help: String {
        switch self {
        case .decisions: "Decisions, by door, resource, decision and reason."
        case .decisionSeconds: "How long decisions took, in seconds, with reading the body and fetching keys."
        case .events: "Events, by code."
        case .denials: "Refused requests, by reason."
        case .moduleCounters: "Counters of modules, by module and counter."
        case .reloadRefused: "1 while a newer configuration was refused and an older one is in force."
        case .generation: "The number of the configuration in force, counted from 1."
        case .cacheHits: "Tokens that needed no verification."
        case .cacheMisses: "How often a token was not remembered and a verifier was asked."
        case .cacheEvictions: "Verified tokens that were removed to make room for others."
        case .cacheEntries: "Verified tokens that are remembered."
        case .issuerUsable: "1 if the keys of an issuer may be used now; 0 if there are none, or they are too old."
        case .keysAge: "Seconds since the keys of an issuer were fetched."
        case .connections: "Open connections, by door."
        case .logDropped: "Decisions that are missing in the decision log, by decision."
        case .logWaiting: "Decisions that are not yet in the decision log."
        case .spansDropped: "Spans that were not exported."
        case .seriesDropped: "Measurements that are missing here, because there are too many series."
        case .startTime: "When the process started, in seconds since 1970."
        case .memory: "Resident memory, in bytes."
        case .processor: "Processor time, in seconds."
        case .openFiles: "Open file descriptors."
        }
    }
}
