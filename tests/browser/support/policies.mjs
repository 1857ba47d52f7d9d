// The policies of the cases.
export const POLICIES = `
@id("everyone-may-talk")
permit (principal, action in [Action::"session", Action::"list", Action::"tell"], resource);

@id("engineering-looks-up")
permit (principal in Group::"engineering", action == Action::"tools/call", resource in Server::"orders")
when { ["list_orders", "get_customer", "list_customers"].contains(resource.name) };

@id("engineering-uses-what-is-hostile")
permit (principal in Group::"engineering", action == Action::"tools/call", resource in Server::"hostile");

@id("changes-need-somebody")
@approvers("approvers")
permit (principal in Group::"engineering", action == Action::"tools/call", resource in Server::"orders")
when { ["execute", "refund_order"].contains(resource.name) && context.approval.granted };

@id("queries-are-signed")
@approvers("approvers")
@passkey("required")
permit (principal in Group::"engineering", action == Action::"tools/call", resource in Server::"orders")
when { resource.name == "query" && context.approval.granted };

@id("approvers-approve")
permit (principal in Group::"approvers", action in [Action::"approver", Action::"approve", Action::"view"], resource);

@id("approvers-look-around")
permit (principal in Group::"approvers", action in [Action::"viewer", Action::"auditor"], resource);

@id("auditors-audit")
permit (principal in Group::"auditors", action in Action::"auditor", resource);

@id("administrators-administer")
permit (principal in Group::"administrators", action in Action::"administrator", resource);

@id("arguments-as-written")
permit (principal, action == Action::"reveal", resource)
when { context.direction == "to_upstream" } unless { context.finding.class == "credential" };
`;
