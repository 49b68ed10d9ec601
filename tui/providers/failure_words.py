"""Which words of an error mean which kind: codes and phrases, as the makers use them.

Sources: the makers' error references, the recordings of shared/wire, and errors that users of
other clients quoted. A code is compared after `code_word`; a phrase is searched in the message.
"""

from __future__ import annotations

import re

_CODES: dict[str, str] = {
    "content_filter": """
        content_filter content_filtered content_filter_error content_policy_violation
        responsible_ai_policy_violation data_inspection_failed data_inspection moderation
        moderation_error content_moderation prohibited_content invalid_prompt safety
        sensitive_content content_blocked guardrail_intervened input_moderation output_moderation
        cyber_policy""",
    "context_length": """
        context_length_exceeded context_window_exceeded context_window_exceeded_error
        context_length_error context_overflow exceed_context_size_error string_above_max_length
        request_too_large model_max_prompt_tokens_exceeded tokens_limit_reached input_too_long
        prompt_too_long content_too_large model_context_window_exceeded max_context_length_exceeded
        payload_too_large request_entity_too_large""",
    "quota": """
        insufficient_quota billing_error billing_hard_limit_reached billing_not_active
        billing_disabled quota_exceeded exceeded_current_quota exceeded_current_quota_error
        insufficient_balance insufficient_balance_error arrearage payment_required
        payment_required_error insufficient_credits insufficient_credit insufficient_funds
        out_of_credits no_credits credits_error credits_exhausted credit_balance_too_low
        service_quota_exceeded_exception budget_exceeded exceeded_budget spend_limit_reached
        spend_limit_exceeded enforced_spend_limit_reached contract_spend_limit_reached
        usage_limit_reached usage_limit_exceeded monthly_limit_exceeded free_tier_exhausted
        allocation_quota_free_tier_only free_quota_exhausted balance_not_enough
        personal_team_blocked_spending_limit account_overdue_error""",
    "invalid_key": """
        invalid_api_key authentication_error invalid_authentication invalid_authentication_error
        incorrect_api_key incorrect_api_key_error api_key_invalid api_key_expired invalid_key
        unauthenticated unauthorized unauthorized_error auth_error authentication_failed
        invalid_token token_expired expired_token expired_token_exception invalid_x_api_key
        unrecognized_client_exception invalid_signature_exception no_api_key missing_api_key
        missing_authentication_token_exception access_token_expired api_key_not_found
        incomplete_signature invalid_credentials credentials_missing no_db_connection""",
    "not_found": """
        not_found not_found_error model_not_found model_not_found_error resource_not_found
        resource_not_found_exception deployment_not_found invalid_model model_not_exist
        no_such_model unknown_model model_not_supported model_decommissioned model_deprecated
        resource_does_not_exist endpoint_not_found url_not_found no_available_model""",
    "overloaded": """
        overloaded overloaded_error service_unavailable service_unavailable_error
        service_unavailable_exception unavailable engine_overloaded engine_overloaded_error
        model_overloaded slow_down capacity_exceeded server_overloaded server_is_overloaded
        model_not_ready_exception no_capacity temporarily_unavailable over_capacity
        flex_tier_capacity_exceeded""",
    "rate_limit": """
        rate_limit rate_limit_error rate_limit_exceeded rate_limited rate_limit_reached
        rate_limit_reached_error rate_limit_exceeded_error too_many_requests throttling
        too_many_requests_exception throttling_exception throttling_rate_quota throttling_user
        throttling_allocation_quota limit_requests limit_tokens limit_burst_rate limit_concurrency
        request_limit_exceeded requests_limit_exceeded tokens_per_minute throttled throttled_error
        server_overloaded_rate_limit""",
    "permission": """
        permission permission_error permission_denied permission_denied_error forbidden
        forbidden_error access_denied access_denied_exception unsupported_country_region_territory
        request_forbidden access_terminated_error consumer_suspended service_disabled
        api_key_service_blocked key_model_access_denied team_model_access_denied model_access_denied
        organization_on_hold organization_restricted not_authorized model_not_allowed
        account_deactivated invalid_country""",
}
_WEAK_CODES: dict[str, str] = {
    "server": """
        api_error server_error internal internal_error internal_server_error upstream_error
        internal_server_exception internal_failure model_error_exception model_stream_error
        model_stream_error_exception deadline_exceeded gateway_timeout bad_gateway timeout
        timeout_error provider_error unknown unknown_error data_loss aborted""",
    "bad_request": """
        invalid_request_error invalid_request invalid_argument bad_request bad_request_error
        validation_exception validation_error failed_precondition out_of_range unimplemented
        tool_use_failed unprocessable_entity unprocessable_entity_error json_validate_failed
        conflict_error""",
}


def _table(source: dict[str, str]) -> dict[str, str]:
    return {word: kind for kind, words in source.items() for word in words.split()}


CODES = _table(_CODES)
"""Codes that decide, whatever the status; its kinds' order is `STRENGTH`."""

WEAK_CODES = _table(_WEAK_CODES)
"""Codes that decide only where no status does: makers use them for anything."""

STRENGTH = tuple(_CODES)
"""Which kind wins where an error holds several codes; the narrower first."""

ZAI_CODES: dict[str, str] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), "invalid_key"),
    **dict.fromkeys(("1110", "1111", "1112", "1120", "1220", "1311", "1313"), "permission"),
    **dict.fromkeys(("1113", "1304", "1308", "1309", "1310"), "quota"),
    **dict.fromkeys(("1211", "1221", "1222"), "not_found"),
    **dict.fromkeys(("1210", "1212", "1213", "1214", "1215", "1231"), "bad_request"),
    **dict.fromkeys(("1300", "1301"), "content_filter"),
    **dict.fromkeys(("1302", "1303"), "rate_limit"),
    **dict.fromkeys(("1305", "1312"), "overloaded"),
    **dict.fromkeys(("1200", "1230", "1234"), "server"),
    "1261": "context_length",
}
"""Z.ai and Zhipu: docs.z.ai, "Errors"."""

MINIMAX_CODES: dict[str, str] = {
    **dict.fromkeys(("1004", "2049"), "invalid_key"),
    **dict.fromkeys(("1008", "2056"), "quota"),
    **dict.fromkeys(("1002", "1041", "2045"), "rate_limit"),
    **dict.fromkeys(("1026", "1027"), "content_filter"),
    **dict.fromkeys(("1000", "1001", "1013", "1024", "1033"), "server"),
    **dict.fromkeys(("1042", "1043", "1044", "2013", "2037", "2042", "2048"), "bad_request"),
    "1039": "context_length",
}
"""MiniMax, `base_resp.status_code`: platform.minimax.io, "Error code"."""

SILICONFLOW_CODES: dict[str, str] = {
    "20012": "not_found", "20015": "bad_request", "30001": "quota", "30003": "permission",
    "50505": "overloaded", "50507": "server", "50603": "overloaded", "50609": "overloaded",
}  # fmt: skip

VENDOR_CODES: dict[str, dict[str, str]] = {
    "zai": ZAI_CODES,
    "z.ai": ZAI_CODES,
    "zhipu": ZAI_CODES,
    "zhipuai": ZAI_CODES,
    "bigmodel": ZAI_CODES,
    "minimax": MINIMAX_CODES,
    "siliconflow": SILICONFLOW_CODES,
}


def _phrases(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


FILTER_PHRASE = _phrases(
    r"content (?:management|filtering|filter|moderation|safety) ?(?:policy|polic|system)?\b",
    r"content policy",
    r"violat\w+ (?:\w+ ){0,4}polic",
    r"(?:was|been|were) flagged",
    r"blocked by (?:\w+ ){0,3}(?:safety|content|guardrail|moderation|filter)",
    r"safety (?:system|filter)",
    r"sensitive (?:content|information|words?)",
    r"inappropriate content",
    r"content exists risk",
    r"prompt was blocked",
    r"敏感|不安全|违规|违禁",
)

CONTEXT_PHRASE = _phrases(
    r"(?:prompt|input|request|conversation|message)s? (?:is|are|was) too (?:long|large)\b",
    r"(?:max|maximum|model'?s?|available) (?:\w+ )?context (?:length|window|size)",
    r"context (?:length|window|size|limit)(?: \w+){0,3} (?:exceeded|overflow|full|reached)",
    r"(?:exceed\w*|over|beyond|greater than|larger than|longer than|overflows?)"
    r"(?: [\w']+){0,5}? (?:context|token limit)",
    r"context(?:window| window)?exceeded",
    r"exceed\w* (?:the )?(?:model )?(?:maximum|max|limit)(?: \w+){0,3} (?:input )?tokens?\b",
    r"exceed\w* model token limit",
    r"input token(?:s| count)?\b[^.]{0,40}exceed",
    r"token count[^.]{0,40}exceeds",
    r"maximum (?:prompt|input|allowed input|allowed|model|sequence) length",
    r"reduce the length of (?:the|your|either|messages|prompt)",
    r"reduce (?:the |your )?(?:prompt|input|messages|context)",
    r"too large for model",
    r"range of input length",
    r"context length of only \d",
    r"inputs?`? tokens? \+ `?max_new_tokens",
    r"too many (?:input |prompt )?tokens",
    r"total (?:number of )?tokens[^.]{0,60}exceed",
    r"string too long",
    r"request (?:\w+ )?exceeds the maximum (?:allowed )?(?:size|number of bytes)",
    r"prompt (?:contains|has) \d+ tokens",
    r"longer than the (?:maximum )?model",
    r"上下文|输入(?:内容)?(?:长度|过长)|超过.{0,12}(?:长度|tokens?)|prompt.{0,4}超长",
)

TOO_LARGE_FOR_LIMIT = _phrases(
    r"request too large",
    r"(?:input|tokens?)[^.]{0,30}must be reduced",
)
"""A rate limit that no waiting lets pass: the request alone is above it."""

QUOTA_PHRASE = _phrases(
    r"credit balance",
    r"insufficient (?:\w+ )?(?:balance|credits?|funds?|quota)",
    r"(?:balance|credits?|quota) (?:is |are |has been )?"
    r"(?:not enough|insufficient|too low|exhausted|depleted|used up)",
    r"can(?:not|'t)? (?:only )?afford",
    r"(?:requires?|need) more credits",
    r"(?:out of|no|no more|not enough|ran out of|run out of|exhausted|depleted|used all)"
    r" (?:\w+ ){0,4}credits?\b",
    r"(?:does not|doesn't|do not|don't) have (?:\w+ ){0,3}credits",
    r"exceeded your (?:\w+ )?(?:\w+ )?(?:quota|credits|budget)",
    r"(?:credits?|balance)[^.]{0,30}(?:exhausted|depleted|used up|run out|ran out)",
    r"billing (?:hard )?limit",
    r"billing (?:is |account )?(?:not active|inactive|disabled|to be enabled|not enabled)",
    r"(?:enable|requires?) billing",
    r"payment (?:is )?required",
    r"spend(?:ing)? (?:limit|cap)",
    r"(?:monthly|weekly|daily|specified)(?: \w+){0,2} (?:usage|spend|included|free)"
    r"(?: \w+)? (?:limits?|allocation|credits|cap)\b",
    r"budget (?:has been )?exceeded",
    r"key limit exceeded",
    r"exceeded ?budget",
    r"over(?:due|drawn)|in arrears",
    r"余额不足|欠费|充值|额度(?:已)?(?:用完|不足|用尽)|无可用资源包|配额",
)

KEY_PHRASE = _phrases(
    r"(?:invalid|incorrect|wrong|malformed|expired|missing|no|unknown|bad)"
    r" (?:\w+ ){0,2}?(?:api[ _-]?keys?|x-api-key|authentication|credentials?|bearer"
    r"|auth token|access token)",
    r"api[ _-]?key (?:\w+ ){0,2}?(?:not valid|invalid|expired|not found|missing|incorrect"
    r"|leaked|revoked|disabled|required)",
    r"reported as leaked",
    r"unregistered callers",
    r"user not found\.?$",
    r"密钥|令牌(?:已)?(?:过期|无效)|身份验证失败|鉴权",
)

_MODEL = r"models?:? [`'\"]?[^\s`'\",]{0,120}[`'\"]?,? ?"
MODEL_PHRASE = _phrases(
    _MODEL + r"(?:does not exist|do not exist|not exist|was not found|is not found|not found"
    r"|is unknown|has been (?:deprecated|decommissioned|retired)"
    r"|is no longer (?:available|supported)|is not available|is not supported by any)",
    r"(?:unknown|no such|invalid) model\b(?! (?:input|output|config|param|argument|arg|setting))",
    r"not a valid model",
    r"no (?:allowed providers|endpoints)[^.]{0,20}(?:found|available)",
    r"模型不存在|模型未找到",
)

OVERLOAD_PHRASE = _phrases(
    r"overloaded",
    r"(?:over|at|out of|no available|insufficient) capacity",
    r"temporarily unavailable",
    r"high (?:demand|load|traffic)",
    r"no (?:available|healthy) (?:workers?|instances?|upstream|servers?|replicas?)",
    r"service unavailable",
    r"服务繁忙|过载",
)

RATE_PHRASE = _phrases(
    r"rate[- ]?limit",
    r"too many (?:concurrent )?requests",
    r"(?:requests|tokens) per (?:second|min|minute|hour|day)",
    r"throttl",
    r"频率|过于频繁|速率|并发",
)

PLACE_PHRASE = _phrases(
    r"(?:country|region|location|territory)[^.]{0,30} (?:is |are )?not"
    r" (?:supported|available|allowed)",
    r"not available in your (?:country|region)",
)


def code_word(code: str) -> str:
    """`code` in the tables' spelling: RateLimitReached -> rate_limit_reached."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code.strip()[:120])
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")
