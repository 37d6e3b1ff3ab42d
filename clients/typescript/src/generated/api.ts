// Generated from openapi.json: npm run client:generate

export interface webhooks {
    "sync_job_run:created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:created
         * @description A sync job run was created and waits to start.
         */
        post: operations["receiveSyncJobRunCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_run:updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:updated
         * @description A sync job run changed, its progress for example.
         */
        post: operations["receiveSyncJobRunUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_run:started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:started
         * @description A sync job run started.
         */
        post: operations["receiveSyncJobRunStarted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_run:completed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:completed
         * @description A sync job run finished without an error.
         */
        post: operations["receiveSyncJobRunCompleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_run:failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:failed
         * @description A sync job run ended with an error.
         */
        post: operations["receiveSyncJobRunFailed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_run:record": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_run:record
         * @description A sync job run fetched records of one resource.
         */
        post: operations["receiveSyncJobRunRecord"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:created
         * @description An end customer connected an account.
         */
        post: operations["receiveIntegratedAccountCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:updated
         * @description An account was changed.
         */
        post: operations["receiveIntegratedAccountUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:active": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:active
         * @description An account finished connecting and is ready for use.
         */
        post: operations["receiveIntegratedAccountActive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:reactivated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:reactivated
         * @description An account that needed new credentials works again.
         */
        post: operations["receiveIntegratedAccountReactivated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:authentication_error": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:authentication_error
         * @description The credentials of an account are no longer accepted.
         */
        post: operations["receiveIntegratedAccountAuthenticationError"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:post_install_error": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:post_install_error
         * @description A step that follows the connecting of an account failed.
         */
        post: operations["receiveIntegratedAccountPostInstallError"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:validation_error": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:validation_error
         * @description A newly connected account did not pass its checks.
         */
        post: operations["receiveIntegratedAccountValidationError"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "integrated_account:post_connect_form_submitted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * integrated_account:post_connect_form_submitted
         * @description The form that follows the connecting of an account was submitted.
         */
        post: operations["receiveIntegratedAccountPostConnectFormSubmitted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "record:created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * record:created
         * @description A record was created in the connected product.
         */
        post: operations["receiveRecordCreated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "record:updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * record:updated
         * @description A record was changed in the connected product.
         */
        post: operations["receiveRecordUpdated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "record:deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * record:deleted
         * @description A record was deleted in the connected product.
         */
        post: operations["receiveRecordDeleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sync_job_cron_trigger:failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * sync_job_cron_trigger:failed
         * @description A schedule could not start its sync job.
         */
        post: operations["receiveSyncJobCronTriggerFailed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "batch_job:dry_run_completed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * batch_job:dry_run_completed
         * @description The dry run of a batch job finished.
         */
        post: operations["receiveBatchJobDryRunCompleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "batch_job:completed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * batch_job:completed
         * @description A batch job finished.
         */
        post: operations["receiveBatchJobCompleted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "batch_job:dry_run_failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * batch_job:dry_run_failed
         * @description The dry run of a batch job ended with an error.
         */
        post: operations["receiveBatchJobDryRunFailed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "batch_job:failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * batch_job:failed
         * @description A batch job ended with an error.
         */
        post: operations["receiveBatchJobFailed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    test: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * test
         * @description Somebody asked for a test of the webhook with `POST /webhook/test`. It is sent once, whatever is answered.
         */
        post: operations["receiveTest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.disabled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.disabled
         * @description Tidings made a webhook inactive: its endpoint answered 410, or nothing but failures for days. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else.
         */
        post: operations["receiveWebhookDisabled"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "delivery.failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * delivery.failed
         * @description A delivery ended as failed: its retry schedule is spent, or five workers were lost with it. Not one of `POST /webhook/test`. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else.
         */
        post: operations["receiveDeliveryFailed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "backlog.old": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * backlog.old
         * @description The oldest delivery that only lacks room has been due for OPERATOR_BACKLOG_AGE. Told once, and again after it has been younger than half of that. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else.
         */
        post: operations["receiveBacklogOld"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        CreateEnvironment: {
            /**
             * @description What people call it; need not be unique.
             * @example Production
             */
            name: string;
        };
        Environment: {
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            id: string;
            /**
             * @description What people call it; need not be unique.
             * @example Production
             */
            name: string;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            updated_at: string;
        };
        EnvironmentPage: {
            result: components["schemas"]["Environment"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        UpdateEnvironment: {
            /**
             * @description What people call it; need not be unique.
             * @example Production
             */
            name?: string;
        };
        Deleted: {
            /**
             * Format: uuid
             * @description The id of what was deleted.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            id: string;
        };
        /**
         * @description Whether data of the environment is still being removed.
         * @enum {string}
         */
        EnvironmentErasureStatus: "running" | "done";
        EnvironmentErasure: {
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /** @example running */
            status: components["schemas"]["EnvironmentErasureStatus"];
            /**
             * @description Rows removed so far, of all tables.
             * @example 48213
             */
            removed_rows: number;
            /**
             * Format: date-time
             * @description When the environment was deleted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Null while it runs.
             * @example 2021-08-10T10:00:00.000Z
             */
            completed_at: string | null;
        };
        /**
         * @description What a token may do.
         * @enum {string}
         */
        Scope: "webhook:read" | "webhook:write" | "event:read" | "event:write" | "delivery:read" | "delivery:write";
        CreateApiToken: {
            /**
             * @description What people call it; need not be unique.
             * @example Order service
             */
            name: string;
            /**
             * Format: uuid
             * @description The environment that the token acts in.
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description What the token may do. When absent: everything.
             * @example [
             *       "webhook:read",
             *       "event:write"
             *     ]
             */
            scopes?: components["schemas"]["Scope"][];
            /**
             * Format: date-time
             * @description From when the token is refused, a time in the future; never by default.
             * @example 2031-08-10T10:00:00.000Z
             */
            expires_at?: string;
        };
        CreatedApiToken: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description What people call it; need not be unique.
             * @example Order service
             */
            name: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @example [
             *       "webhook:read",
             *       "event:write"
             *     ]
             */
            scopes: components["schemas"]["Scope"][];
            /**
             * Format: date-time
             * @description Null: never.
             * @example 2021-08-10T10:00:00.000Z
             */
            expires_at: string | null;
            /**
             * Format: date-time
             * @description To the minute. Null: not used yet.
             * @example 2021-08-10T10:00:00.000Z
             */
            last_used_at: string | null;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * @description The bearer token. It is shown this once: only its hash is kept.
             * @example tdg_EXAMPLE-ONLY-EXAMPLE-ONLY-EXAMPLE-ONLY-EXAMPL
             */
            token: string;
        };
        ApiToken: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description What people call it; need not be unique.
             * @example Order service
             */
            name: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @example [
             *       "webhook:read",
             *       "event:write"
             *     ]
             */
            scopes: components["schemas"]["Scope"][];
            /**
             * Format: date-time
             * @description Null: never.
             * @example 2021-08-10T10:00:00.000Z
             */
            expires_at: string | null;
            /**
             * Format: date-time
             * @description To the minute. Null: not used yet.
             * @example 2021-08-10T10:00:00.000Z
             */
            last_used_at: string | null;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
        };
        ApiTokenPage: {
            result: components["schemas"]["ApiToken"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        /**
         * @description The admin token, or an API token of one environment.
         * @enum {string}
         */
        TokenKind: "admin" | "api_token";
        Me: {
            /** @example api_token */
            kind: components["schemas"]["TokenKind"];
            /**
             * @description Null for the admin token.
             * @example Order service
             */
            name: string | null;
            /**
             * Format: uuid
             * @description Null for the admin token, which names an environment in each request.
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string | null;
            /**
             * @example [
             *       "webhook:read",
             *       "event:write"
             *     ]
             */
            scopes: components["schemas"]["Scope"][];
            /**
             * Format: date-time
             * @description Null: never.
             * @example 2021-08-10T10:00:00.000Z
             */
            expires_at: string | null;
        };
        /**
         * @description What was done. `rotated`: a webhook got a new secret. `retried`: a delivery was. `recovered`: what a webhook missed was asked for.
         * @enum {string}
         */
        AuditAction: "created" | "changed" | "deleted" | "rotated" | "retried" | "recovered";
        /**
         * @description What it was done to.
         * @enum {string}
         */
        AuditedResourceType: "environment" | "api_token" | "webhook" | "event" | "delivery";
        AuditEntry: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * Format: uuid
             * @description The environment that the resource belongs to, or that it is.
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description Who did it: the id of an API token, `admin` for the admin token, `system` for Tidings itself.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            actor: string;
            /** @example changed */
            action: components["schemas"]["AuditAction"];
            /** @example webhook */
            resource_type: components["schemas"]["AuditedResourceType"];
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            resource_id: string;
            /**
             * @description The names of the fields that a change changed, never what they held; `health` where what was known against an endpoint was forgotten, `recovery` where one was stopped. Empty for any other action.
             * @example [
             *       "is_active"
             *     ]
             */
            changed_fields: string[];
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
        };
        AuditEntryPage: {
            result: components["schemas"]["AuditEntry"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        /**
         * @description What happened. `GET /event-type` describes each type.
         * @enum {string}
         */
        EventType: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed";
        CreateWebhook: {
            /**
             * @description Where the payload is sent.
             * @example https://example.com/webhook
             */
            target_url: string;
            /**
             * @description Inactive webhooks will not receive any data. When absent: true.
             * @example true
             */
            is_active?: boolean;
            /** @description The event types to subscribe to. When absent: all types, those that are added later too. */
            event_types?: components["schemas"]["EventType"][];
        };
        WebhookWithSecret: {
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            id: string;
            /**
             * @description Where the payload is sent.
             * @example https://example.com/webhook
             */
            target_url: string;
            /**
             * @description Inactive webhooks will not receive any data.
             * @example true
             */
            is_active: boolean;
            /**
             * Format: uuid
             * @description The environment that owns the webhook.
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The event types that the webhook is subscribed to.
             * @example [
             *       "integrated_account:created",
             *       "integrated_account:updated"
             *     ]
             */
            event_types: components["schemas"]["EventType"][];
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description Signs the payload. Keep it: no later answer shows it.
             * @example d5fac1cb-1820-4da7-bfd8-a6b758bcf8ff
             */
            secret: string;
        };
        Webhook: {
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            id: string;
            /**
             * @description Where the payload is sent.
             * @example https://example.com/webhook
             */
            target_url: string;
            /**
             * @description Inactive webhooks will not receive any data.
             * @example true
             */
            is_active: boolean;
            /**
             * Format: uuid
             * @description The environment that owns the webhook.
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The event types that the webhook is subscribed to.
             * @example [
             *       "integrated_account:created",
             *       "integrated_account:updated"
             *     ]
             */
            event_types: components["schemas"]["EventType"][];
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            updated_at: string;
        };
        WebhookPage: {
            result: components["schemas"]["Webhook"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        UpdateWebhook: {
            /**
             * @description Where the payload is sent.
             * @example https://example.com/webhook
             */
            target_url?: string;
            /**
             * @description Inactive webhooks will not receive any data.
             * @example true
             */
            is_active?: boolean;
            /** @description The event types to subscribe to instead. Null: all types, those that are added later too. */
            event_types?: components["schemas"]["EventType"][] | null;
        };
        RotateSecret: {
            /** @description How long the older secrets stay good beside the new one. 0 ends them at once. When absent: 86400, a day. */
            overlap_seconds?: number;
        };
        WebhookSecret: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it stops signing. Null: not before the next rotation.
             * @example 2021-08-10T10:00:00.000Z
             */
            expires_at: string | null;
        };
        WebhookSecretPage: {
            result: components["schemas"]["WebhookSecret"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        EventTypeDescription: {
            /**
             * @description Its name.
             * @example record:created
             */
            event_type: components["schemas"]["EventType"];
            /** @example A record was created in the connected product. */
            description: string;
            /**
             * @description What a `payload` of this type looks like.
             * @example {
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "resource": "crm/contacts",
             *       "record": {
             *         "id": "1042",
             *         "name": "Ada Lovelace",
             *         "email": "ada@example.com",
             *         "updated_at": "2021-08-10T10:00:00.000Z"
             *       }
             *     }
             */
            example: components["schemas"]["EventPayload"];
        };
        EventTypeList: {
            result: components["schemas"]["EventTypeDescription"][];
        };
        /**
         * @description The type of an event in the log; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of the installation something.
         * @enum {string}
         */
        DeliveryEventType: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed" | "test" | "webhook.disabled" | "delivery.failed" | "backlog.old";
        /**
         * @description `pending`: an attempt is due, now or later, or running. `failed`: the retry schedule is spent. `canceled`: the webhook was deleted or made inactive, or the delivery was stopped.
         * @enum {string}
         */
        DeliveryStatus: "pending" | "succeeded" | "failed" | "canceled";
        /**
         * @description Why a delivery was canceled. `stopped`: its event was deleted or, of a test, the webhook was changed meanwhile.
         * @enum {string}
         */
        CancelReason: "webhook_inactive" | "webhook_deleted" | "stopped";
        Delivery: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04
             */
            id: string;
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            event_id: string;
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The type of the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @example succeeded */
            status: components["schemas"]["DeliveryStatus"];
            /**
             * @description Attempts made so far.
             * @example 1
             */
            attempt_count: number;
            /**
             * Format: date-time
             * @description When the next attempt is due; null once finished.
             * @example null
             */
            next_attempt_at: string | null;
            /**
             * @description Why it was canceled; null in any other status.
             * @example null
             */
            cancel_reason: components["schemas"]["CancelReason"] | null;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was finished; null while it is pending.
             * @example 2021-08-10T10:00:00.000Z
             */
            completed_at: string | null;
        };
        DeliveryPage: {
            result: components["schemas"]["Delivery"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        AttemptTimings: {
            /**
             * @description The look-up of the host name; null also where the target is an address or a proxy is used.
             * @example 12
             */
            dns_ms: number | null;
            /**
             * @description Opening the connection, to the egress proxy where one is used.
             * @example 12
             */
            connect_ms: number | null;
            /**
             * @description The TLS handshake; null also where the target is http.
             * @example 12
             */
            tls_ms: number | null;
            /**
             * @description From the first byte sent to the first byte of the answer.
             * @example 12
             */
            first_byte_ms: number | null;
        };
        /**
         * @description `succeeded`: answered 2xx in time. `failed`: anything else.
         * @enum {string}
         */
        AttemptOutcome: "succeeded" | "failed";
        /**
         * @description What kept an attempt from having a response.
         * @enum {string}
         */
        AttemptError: "blocked_address" | "dns_error" | "connect_timeout" | "connect_error" | "tls_error" | "reset" | "timeout" | "response_too_large" | "protocol_error" | "secret_unavailable" | "payload_unavailable" | "worker_lost";
        AttemptRequest: {
            /** @example https://example.com/webhook */
            url: string;
            /**
             * @description As sent, signatures included.
             * @example {
             *       "webhook-timestamp": "1628589600"
             *     }
             */
            headers: {
                [key: string]: string;
            };
        };
        AttemptResponse: {
            /** @example 200 */
            status: number;
            /**
             * @description `content-type` and `retry-after`.
             * @example {
             *       "content-type": "text/plain"
             *     }
             */
            headers: {
                [key: string]: string;
            };
            /**
             * @description The first 4 KiB, as UTF-8.
             * @example ok
             */
            body: string;
            /**
             * @description Whether there was more.
             * @example false
             */
            body_truncated: boolean;
        };
        Attempt: {
            /** @example 1 */
            number: number;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            started_at: string;
            /**
             * @description Milliseconds, of the whole.
             * @example 42
             */
            duration_ms: number;
            /** @description Where they went. Null: the phase did not happen, as opening a connection that was open already, or did not end. */
            timings: components["schemas"]["AttemptTimings"];
            /** @example succeeded */
            outcome: components["schemas"]["AttemptOutcome"];
            /**
             * @description Why there is no response; null where there is one.
             * @example null
             */
            error: components["schemas"]["AttemptError"] | null;
            request: components["schemas"]["AttemptRequest"];
            /** @description Null when none arrived in time. */
            response: components["schemas"]["AttemptResponse"] | null;
        };
        DeliveryDetail: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04
             */
            id: string;
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            event_id: string;
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The type of the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @example succeeded */
            status: components["schemas"]["DeliveryStatus"];
            /**
             * @description Attempts made so far.
             * @example 1
             */
            attempt_count: number;
            /**
             * Format: date-time
             * @description When the next attempt is due; null once finished.
             * @example null
             */
            next_attempt_at: string | null;
            /**
             * @description Why it was canceled; null in any other status.
             * @example null
             */
            cancel_reason: components["schemas"]["CancelReason"] | null;
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was finished; null while it is pending.
             * @example 2021-08-10T10:00:00.000Z
             */
            completed_at: string | null;
            /** @description Every attempt, first to last. */
            attempts: components["schemas"]["Attempt"][];
        };
        /**
         * @description `missed`: an event of which there is no delivery to the webhook, because it was inactive, not subscribed or not yet created. The others: a delivery that ended so before the recovery began.
         * @enum {string}
         */
        RecoverableStatus: "missed" | "failed" | "canceled" | "succeeded";
        Recover: {
            /**
             * Format: date-time
             * @description The beginning of the range, included. Events and deliveries are in it by when the event arrived.
             * @example 2021-08-10T10:00:00.000Z
             */
            since: string;
            /**
             * Format: date-time
             * @description The end of the range, not included; now at the latest, which is the default.
             * @example 2021-08-10T12:00:00.000Z
             */
            until?: string;
            /** @description Only these types. When absent: those that the webhook is subscribed to now. */
            event_types?: components["schemas"]["EventType"][];
            /** @description What to bring back. When absent: missed, failed, canceled. */
            statuses?: components["schemas"]["RecoverableStatus"][];
            /** @description Only count what would be queued. When absent: false. */
            dry_run?: boolean;
        };
        RecoveryCount: {
            /**
             * @description Deliveries that would be queued.
             * @example 1204
             */
            queued: number;
        };
        /**
         * @description `running`: it counts, then queues; while 500 deliveries wait for the webhook it adds none, and goes on as they are taken. `done`: everything is queued, which does not mean delivered. `stopped`: by request, or because the webhook became inactive or was deleted.
         * @enum {string}
         */
        RecoveryStatus: "running" | "done" | "stopped";
        Recovery: {
            /**
             * Format: uuid
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
            /**
             * Format: date-time
             * @description The beginning of the range, included.
             * @example 2021-08-10T10:00:00.000Z
             */
            since: string;
            /**
             * Format: date-time
             * @description The end of the range, not included.
             * @example 2021-08-10T12:00:00.000Z
             */
            until: string;
            /** @example running */
            status: components["schemas"]["RecoveryStatus"];
            /**
             * @description What was found to bring back. It grows until the whole range is counted, and only then something is queued.
             * @example 1204
             */
            total: number;
            /**
             * @description Deliveries queued so far. In the end less than `total` when some were retried by hand meanwhile.
             * @example 500
             */
            queued: number;
            /**
             * Format: date-time
             * @example 2021-08-10T12:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was done or stopped; null while it runs.
             * @example null
             */
            completed_at: string | null;
        };
        /**
         * @description How far statistics look back.
         * @enum {string}
         */
        StatsWindow: "1h" | "24h" | "7d" | "30d";
        StatsTotals: {
            /**
             * @description Deliveries that are pending now, whenever they were created.
             * @example 3
             */
            pending: number;
            /**
             * @description Deliveries that succeeded in the window.
             * @example 1204
             */
            succeeded: number;
            /**
             * @description Deliveries that failed in the window, with their schedule spent.
             * @example 7
             */
            failed: number;
            /**
             * @description Deliveries that were canceled in the window.
             * @example 0
             */
            canceled: number;
            /**
             * @description Attempts that ended in the window, whatever they came to.
             * @example 1260
             */
            attempts: number;
        };
        StatsLatency: {
            /** @example 38 */
            p50: number | null;
            /** @example 122 */
            p95: number | null;
            /** @example 410 */
            p99: number | null;
        };
        StatsBucket: {
            /**
             * Format: date-time
             * @description Where it begins.
             * @example 2021-08-10T10:00:00.000Z
             */
            at: string;
            /** @example 51 */
            succeeded: number;
            /** @example 1 */
            failed: number;
            /** @example 0 */
            canceled: number;
            /**
             * @description Of the attempts that ended in it; null: there were none.
             * @example 36
             */
            p50_ms: number | null;
            /**
             * @description Likewise.
             * @example 118
             */
            p95_ms: number | null;
        };
        EnvironmentStats: {
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /** @example 24h */
            window: components["schemas"]["StatsWindow"];
            /**
             * Format: date-time
             * @description Where the first bucket begins: the window is up to one bucket longer than its name.
             * @example 2021-08-10T10:00:00.000Z
             */
            from: string;
            /**
             * Format: date-time
             * @description The time of this answer.
             * @example 2021-08-11T10:24:03.117Z
             */
            to: string;
            /** @description A delivery that is sent again is pending, and no longer counted where it had ended. */
            totals: components["schemas"]["StatsTotals"];
            /**
             * @description There only where `totals.pending` is not exact: there are more than 50,000, which are not counted for each answer. The number is from some seconds before, or, while they are counted for the first time, how many there are at least.
             * @example true
             */
            is_pending_estimated?: boolean;
            /**
             * @description Of the deliveries that succeeded or failed in the window, the share that succeeded; null: none did.
             * @example 0.9942
             */
            success_rate: number | null;
            /** @description How many milliseconds attempts took: percentiles of those that ended in the window, within 5 %; null: none did. */
            latency_ms: components["schemas"]["StatsLatency"];
            /** @description Oldest first, without gaps: minutes in `1h`, hours in `24h` and `7d`, days in `30d`, all in UTC. The last one goes on. */
            buckets: components["schemas"]["StatsBucket"][];
        };
        /**
         * @description Why a webhook is inactive. `manual`: by request. `gone`: its endpoint answered 410. `failing`: nothing but failures for days.
         * @enum {string}
         */
        DisabledReason: "manual" | "gone" | "failing";
        WebhookStats: {
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
            /** @example 24h */
            window: components["schemas"]["StatsWindow"];
            /**
             * Format: date-time
             * @description Where the first bucket begins: the window is up to one bucket longer than its name.
             * @example 2021-08-10T10:00:00.000Z
             */
            from: string;
            /**
             * Format: date-time
             * @description The time of this answer.
             * @example 2021-08-11T10:24:03.117Z
             */
            to: string;
            /**
             * @description Whether the webhook receives.
             * @example true
             */
            is_active: boolean;
            /**
             * Format: date-time
             * @description Since when it does not; null while it does.
             * @example null
             */
            disabled_at: string | null;
            /**
             * @description Why it does not; null while it does.
             * @example null
             */
            disabled_reason: components["schemas"]["DisabledReason"] | null;
            /**
             * Format: date-time
             * @description When the first attempt since the last success failed; null: the last attempt succeeded.
             * @example null
             */
            failing_since: string | null;
            /** @description A delivery that is sent again is pending, and no longer counted where it had ended. */
            totals: components["schemas"]["StatsTotals"];
            /**
             * @description There only where `totals.pending` is not exact: there are more than 50,000, which are not counted for each answer. The number is from some seconds before, or, while they are counted for the first time, how many there are at least.
             * @example true
             */
            is_pending_estimated?: boolean;
            /**
             * @description Of the deliveries that succeeded or failed in the window, the share that succeeded; null: none did.
             * @example 0.9942
             */
            success_rate: number | null;
            /** @description How many milliseconds attempts took: percentiles of those that ended in the window, within 5 %; null: none did. */
            latency_ms: components["schemas"]["StatsLatency"];
            /** @description Oldest first, without gaps: minutes in `1h`, hours in `24h` and `7d`, days in `30d`, all in UTC. The last one goes on. */
            buckets: components["schemas"]["StatsBucket"][];
        };
        /**
         * @description What a test can send: `test` itself, or the example of an event type.
         * @enum {string}
         */
        TestEventType: "test" | "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed";
        WebhookTest: {
            /**
             * Format: uuid
             * @description The webhook to test.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            id: string;
            /** @description Send the example payload of this type. When absent: the event `test` with `{"foo":"bar"}`. */
            event_type?: components["schemas"]["TestEventType"];
        };
        WebhookTestResult: {
            /**
             * @example true
             * @enum {boolean}
             */
            success: true;
        };
        /** @description Any JSON object. */
        EventPayload: {
            [key: string]: unknown;
        };
        PublishEvent: {
            /**
             * @description What happened. Every active webhook that is subscribed to it receives the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["EventType"];
            /**
             * @description Any JSON object, at most MAX_EVENT_BYTES long (256 KiB by default) and 64 levels deep. Receivers get its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "connecting",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
        };
        Event: {
            /**
             * Format: uuid
             * @description The same in every delivery of the event: receivers drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The type of the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["DeliveryEventType"];
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
        };
        BatchEvent: {
            /**
             * @description What happened. Every active webhook that is subscribed to it receives the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["EventType"];
            /**
             * @description Any JSON object, at most MAX_EVENT_BYTES long (256 KiB by default) and 64 levels deep. Receivers get its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "connecting",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * @description Makes this event safe to send again: what `Idempotency-Key` is for a single one.
             * @example order-1045-created
             */
            idempotency_key?: string;
        };
        PublishEventBatch: {
            /** @description All of them are accepted, or none. */
            events: components["schemas"]["BatchEvent"][];
        };
        EventBatch: {
            /** @description The accepted events, in the order of the request. */
            result: components["schemas"]["Event"][];
        };
        EventPage: {
            result: components["schemas"]["Event"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        EventDeliveryCounts: {
            /** @example 0 */
            pending: number;
            /** @example 2 */
            succeeded: number;
            /** @example 0 */
            failed: number;
            /** @example 0 */
            canceled: number;
        };
        EventDetail: {
            /**
             * Format: uuid
             * @description The same in every delivery of the event: receivers drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * @description The type of the event.
             * @example integrated_account:created
             */
            event_type: components["schemas"]["DeliveryEventType"];
            /**
             * Format: date-time
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * @description The payload, its text exactly as it was published. Null: it was deleted.
             * @example {
             *       "id": "79a39d69-e27e-49cb-b9a9-79f5eea7aa26"
             *     }
             */
            payload: components["schemas"]["EventPayload"] | null;
            /** @description The deliveries of the event by status. */
            deliveries: components["schemas"]["EventDeliveryCounts"];
        };
        /**
         * @description What the webhook was when the event was accepted. `not_subscribed`: to this type. `not_yet_created`: it was made later.
         * @enum {string}
         */
        NotSentReason: "not_subscribed" | "inactive" | "not_yet_created" | "deleted";
        EventWebhook: {
            /**
             * Format: uuid
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
            /**
             * Format: uuid
             * @description Its delivery of the event; null when it has none, or none yet.
             * @example null
             */
            delivery_id: string | null;
            /**
             * @description Of that delivery, as it is now; null when there is none. `pending` without a delivery: the event is owed to very many webhooks, and the delivery to this one is made in a moment.
             * @example null
             */
            status: components["schemas"]["DeliveryStatus"] | null;
            /**
             * @description Why there is no delivery. Null when there is a delivery, and when there was one that is no longer kept.
             * @example not_subscribed
             */
            reason: components["schemas"]["NotSentReason"] | null;
        };
        EventWebhookPage: {
            result: components["schemas"]["EventWebhook"][];
            /**
             * @description Where the next page starts: the `next_cursor` to ask for; null on the last one.
             * @example AZij8mo8fVKcHluPDi1KYYwOVdYkqYhLbnS_TQ
             */
            next_cursor: string | null;
            /**
             * @description The limit that was applied.
             * @example 100
             */
            limit: number;
        };
        /** @description Every error. Programs may act on `code`, which is stable; `message` is for people. */
        ApiError: {
            /** @example 400 */
            statusCode: number;
            /**
             * @description The status in words.
             * @example Bad Request
             */
            error: string;
            /** @example VALIDATION_FAILED */
            code: components["schemas"]["ErrorCode"];
            /** @example event_types.0: must be one of the event types that GET /event-type lists */
            message: string;
            details?: components["schemas"]["ErrorDetails"];
        };
        /**
         * @description What went wrong. A code never changes its meaning; new ones may be added.
         * @enum {string}
         */
        ErrorCode: "VALIDATION_FAILED" | "MALFORMED_JSON" | "MALFORMED_REQUEST" | "TARGET_URL_NOT_ALLOWED" | "ENVIRONMENT_REQUIRED" | "ENVIRONMENT_MISMATCH" | "INVALID_CURSOR" | "UNAUTHORIZED" | "FORBIDDEN" | "ROUTE_NOT_FOUND" | "ENVIRONMENT_NOT_FOUND" | "API_TOKEN_NOT_FOUND" | "WEBHOOK_NOT_FOUND" | "EVENT_NOT_FOUND" | "DELIVERY_NOT_FOUND" | "RECOVERY_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "IDEMPOTENCY_CONFLICT" | "WEBHOOK_LIMIT_REACHED" | "SECRET_LIMIT_REACHED" | "WEBHOOK_INACTIVE" | "RECOVERY_RUNNING" | "WEBHOOK_DELETED" | "EVENT_EXPIRED" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "TEST_DELIVERY_FAILED" | "FAN_OUT_TOO_LARGE" | "HEADERS_TOO_LARGE" | "RATE_LIMITED" | "PENDING_LIMIT_REACHED" | "INTERNAL_ERROR" | "DATABASE_BUSY" | "SERVER_BUSY" | "SHUTTING_DOWN";
        /** @description More about an error, for some codes. */
        ErrorDetails: {
            /** @description The fields that do not have the documented form. */
            failures?: components["schemas"]["FieldFailure"][];
            /**
             * @description With `TARGET_URL_NOT_ALLOWED`: the rule that was broken.
             * @example https
             */
            rule?: string;
            /**
             * @description With `TEST_DELIVERY_FAILED`: the status of the answer; null: there was none.
             * @example 500
             */
            status?: number | null;
            /**
             * @description With `TEST_DELIVERY_FAILED`: how many milliseconds the attempt took.
             * @example 42
             */
            duration_ms?: number;
            /**
             * @description With `TEST_DELIVERY_FAILED`: why there is no answer; null: there is one.
             * @example null
             */
            error?: components["schemas"]["AttemptError"] | null;
        } & {
            [key: string]: unknown;
        };
        FieldFailure: {
            /**
             * @description The path of the field.
             * @example event_types.0
             */
            field: string;
            /** @example must be one of the event types that GET /event-type lists */
            message: string;
        };
        /** @description A sync job run was created and waits to start. */
        SyncJobRunCreatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:created";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "status": "created",
             *       "args": {
             *         "modified_since": "2021-08-09T00:00:00.000Z"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:00:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A sync job run changed, its progress for example. */
        SyncJobRunUpdatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:updated";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "status": "running",
             *       "args": {
             *         "modified_since": "2021-08-09T00:00:00.000Z"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:00:00.000Z",
             *       "records_fetched": 1200
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A sync job run started. */
        SyncJobRunStartedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:started";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "status": "running",
             *       "args": {
             *         "modified_since": "2021-08-09T00:00:00.000Z"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:00:00.000Z",
             *       "records_fetched": 0
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A sync job run finished without an error. */
        SyncJobRunCompletedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:completed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "status": "completed",
             *       "args": {
             *         "modified_since": "2021-08-09T00:00:00.000Z"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:00:00.000Z",
             *       "records_fetched": 5310
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A sync job run ended with an error. */
        SyncJobRunFailedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:failed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "status": "failed",
             *       "args": {
             *         "modified_since": "2021-08-09T00:00:00.000Z"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:00:00.000Z",
             *       "error": {
             *         "message": "Too many requests"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A sync job run fetched records of one resource. */
        SyncJobRunRecordEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:record";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "sync_job_run_id": "e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "resource": "ticketing/tickets",
             *       "records": [
             *         {
             *           "id": "35436",
             *           "name": "Printer on fire",
             *           "status": "open",
             *           "updated_at": "2021-08-10T09:58:12.000Z"
             *         },
             *         {
             *           "id": "35437",
             *           "name": "Password reset",
             *           "status": "closed",
             *           "updated_at": "2021-08-10T09:59:40.000Z"
             *         }
             *       ],
             *       "meta": {
             *         "page": 1,
             *         "is_last_page": false
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description An end customer connected an account. */
        IntegratedAccountCreatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:created";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "connecting",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description An account was changed. */
        IntegratedAccountUpdatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:updated";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "active",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme-eu"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description An account finished connecting and is ready for use. */
        IntegratedAccountActiveEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:active";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "active",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description An account that needed new credentials works again. */
        IntegratedAccountReactivatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:reactivated";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "active",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z",
             *       "reactivated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description The credentials of an account are no longer accepted. */
        IntegratedAccountAuthenticationErrorEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:authentication_error";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "needs_reauth",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z",
             *       "last_error": {
             *         "message": "Refresh token expired",
             *         "occurred_at": "2021-08-10T10:05:00.000Z"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A step that follows the connecting of an account failed. */
        IntegratedAccountPostInstallErrorEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:post_install_error";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "post_install_error",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z",
             *       "last_error": {
             *         "message": "Webhook permission is missing",
             *         "occurred_at": "2021-08-10T10:05:00.000Z"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A newly connected account did not pass its checks. */
        IntegratedAccountValidationErrorEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:validation_error";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "validation_error",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme"
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z",
             *       "last_error": {
             *         "message": "Unknown subdomain",
             *         "occurred_at": "2021-08-10T10:05:00.000Z"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description The form that follows the connecting of an account was submitted. */
        IntegratedAccountPostConnectFormSubmittedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:post_connect_form_submitted";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "tenant_id": "acme-inc",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "status": "active",
             *       "is_sandbox": false,
             *       "authentication_method": "oauth2",
             *       "context": {
             *         "subdomain": "acme",
             *         "folder_ids": [
             *           "inbox",
             *           "billing"
             *         ]
             *       },
             *       "integration": {
             *         "id": "6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32",
             *         "name": "zendesk",
             *         "category": "helpdesk"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:05:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A record was created in the connected product. */
        RecordCreatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:created";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "resource": "crm/contacts",
             *       "record": {
             *         "id": "1042",
             *         "name": "Ada Lovelace",
             *         "email": "ada@example.com",
             *         "updated_at": "2021-08-10T10:00:00.000Z"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A record was changed in the connected product. */
        RecordUpdatedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:updated";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "resource": "crm/contacts",
             *       "record": {
             *         "id": "1042",
             *         "name": "Ada King",
             *         "email": "ada@example.com",
             *         "updated_at": "2021-08-10T10:00:00.000Z"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A record was deleted in the connected product. */
        RecordDeletedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:deleted";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "environment_integration_id": "c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11",
             *       "resource": "crm/contacts",
             *       "record": {
             *         "id": "1042"
             *       }
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A schedule could not start its sync job. */
        SyncJobCronTriggerFailedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_cron_trigger:failed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "b81f7f1c-6f8b-4c0a-9a0d-41f3d2c7e960",
             *       "sync_job_id": "3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "integrated_account_id": "9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70",
             *       "cron_expression": "0 *\/6 * * *",
             *       "error": {
             *         "message": "The integrated account is not active"
             *       },
             *       "triggered_at": "2021-08-10T12:00:00.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description The dry run of a batch job finished. */
        BatchJobDryRunCompletedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:dry_run_completed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "7f3a2b6d-5c1e-4e9a-8d47-0a9c6b1f2e34",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "name": "Archive closed tickets",
             *       "status": "dry_run_completed",
             *       "total": 250,
             *       "would_change": 248,
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:04:30.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A batch job finished. */
        BatchJobCompletedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:completed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "7f3a2b6d-5c1e-4e9a-8d47-0a9c6b1f2e34",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "name": "Archive closed tickets",
             *       "status": "completed",
             *       "total": 250,
             *       "changed": 246,
             *       "rejected": 2,
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:04:30.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description The dry run of a batch job ended with an error. */
        BatchJobDryRunFailedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:dry_run_failed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "7f3a2b6d-5c1e-4e9a-8d47-0a9c6b1f2e34",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "name": "Archive closed tickets",
             *       "status": "dry_run_failed",
             *       "total": 250,
             *       "error": {
             *         "message": "The search timed out"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:04:30.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A batch job ended with an error. */
        BatchJobFailedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:failed";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "id": "7f3a2b6d-5c1e-4e9a-8d47-0a9c6b1f2e34",
             *       "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
             *       "name": "Archive closed tickets",
             *       "status": "failed",
             *       "total": 250,
             *       "error": {
             *         "message": "The integrated account is not active"
             *       },
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "updated_at": "2021-08-10T10:04:30.000Z"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description Somebody asked for a test of the webhook with `POST /webhook/test`. It is sent once, whatever is answered. */
        TestEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "test";
            /**
             * @description What was published, its text exactly as it was written.
             * @example {
             *       "foo": "bar"
             *     }
             */
            payload: components["schemas"]["EventPayload"];
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description Tidings made a webhook inactive: its endpoint answered 410, or nothing but failures for days. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        WebhookDisabledEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "webhook.disabled";
            /**
             * @example {
             *       "webhook_id": "4a4de828-f4db-4c9e-adfd-434e0864c3c7",
             *       "environment_id": "c27c5f0b-5a1c-4f0e-8b1f-0d9c2f6a7e31",
             *       "target_host": "example.com",
             *       "reason": "gone",
             *       "disabled_at": "2021-08-10T10:00:00.000Z"
             *     }
             */
            payload: {
                /**
                 * Format: uuid
                 * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
                 */
                webhook_id: string;
                /**
                 * Format: uuid
                 * @description The environment of what it is about, not of this event.
                 * @example c27c5f0b-5a1c-4f0e-8b1f-0d9c2f6a7e31
                 */
                environment_id: string;
                /**
                 * @description Host and port of the target.
                 * @example example.com
                 */
                target_host: string;
                /**
                 * @description `gone` or `failing`.
                 * @example gone
                 */
                reason: components["schemas"]["DisabledReason"];
                /**
                 * Format: date-time
                 * @description When.
                 * @example 2021-08-10T10:00:00.000Z
                 */
                disabled_at: string;
            };
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description A delivery ended as failed: its retry schedule is spent, or five workers were lost with it. Not one of `POST /webhook/test`. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        DeliveryFailedEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "delivery.failed";
            /**
             * @example {
             *       "delivery_id": "0198a3f2-6b01-7a44-8f0e-2c9d1e5b7a60",
             *       "event_id": "0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61",
             *       "webhook_id": "4a4de828-f4db-4c9e-adfd-434e0864c3c7",
             *       "environment_id": "c27c5f0b-5a1c-4f0e-8b1f-0d9c2f6a7e31",
             *       "event_type": "integrated_account:created",
             *       "attempt_count": 8,
             *       "error": null,
             *       "response_status": 500,
             *       "created_at": "2021-08-10T10:00:00.000Z",
             *       "failed_at": "2021-08-10T10:00:00.000Z"
             *     }
             */
            payload: {
                /**
                 * Format: uuid
                 * @example 0198a3f2-6b01-7a44-8f0e-2c9d1e5b7a60
                 */
                delivery_id: string;
                /**
                 * Format: uuid
                 * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
                 */
                event_id: string;
                /**
                 * Format: uuid
                 * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
                 */
                webhook_id: string;
                /**
                 * Format: uuid
                 * @description The environment of what it is about, not of this event.
                 * @example c27c5f0b-5a1c-4f0e-8b1f-0d9c2f6a7e31
                 */
                environment_id: string;
                /** @example integrated_account:created */
                event_type: components["schemas"]["EventType"];
                /**
                 * @description Attempts that were made.
                 * @example 8
                 */
                attempt_count: number;
                /**
                 * @description Why the last attempt has no response; null where it has one.
                 * @example null
                 */
                error: components["schemas"]["AttemptError"] | null;
                /**
                 * @description The status that the last attempt was answered with; null where there is none.
                 * @example 500
                 */
                response_status: number | null;
                /**
                 * Format: date-time
                 * @description When the delivery was made.
                 * @example 2021-08-10T10:00:00.000Z
                 */
                created_at: string;
                /**
                 * Format: date-time
                 * @description When it ended.
                 * @example 2021-08-10T10:00:00.000Z
                 */
                failed_at: string;
            };
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
        /** @description The oldest delivery that only lacks room has been due for OPERATOR_BACKLOG_AGE. Told once, and again after it has been younger than half of that. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        BacklogOldEnvelope: {
            /**
             * Format: uuid
             * @description The id of the event, the same in every attempt: drop duplicates by it.
             * @example 0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61
             */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "backlog.old";
            /**
             * @example {
             *       "oldest_due_seconds": 312,
             *       "limit_seconds": 300,
             *       "deliveries": {
             *         "due": 18240,
             *         "held": 2200,
             *         "later": 310,
             *         "leased": 500,
             *         "owed": 0
             *       },
             *       "seen_at": "2021-08-10T10:00:00.000Z"
             *     }
             */
            payload: {
                /**
                 * @description How long it has been due.
                 * @example 312
                 */
                oldest_due_seconds: number;
                /**
                 * @description OPERATOR_BACKLOG_AGE.
                 * @example 300
                 */
                limit_seconds: number;
                /** @description Pending deliveries of the whole installation. */
                deliveries: {
                    /**
                     * @description They only lack room.
                     * @example 18240
                     */
                    due: number;
                    /**
                     * @description They wait for an endpoint that is down or paused.
                     * @example 2200
                     */
                    held: number;
                    /**
                     * @description They wait for their next attempt.
                     * @example 310
                     */
                    later: number;
                    /**
                     * @description A replica has them.
                     * @example 500
                     */
                    leased: number;
                    /**
                     * @description They are to be queued yet, of events that owe very many.
                     * @example 0
                     */
                    owed: number;
                };
                /**
                 * Format: date-time
                 * @description When the queue was read.
                 * @example 2021-08-10T10:00:00.000Z
                 */
                seen_at: string;
            };
            /**
             * Format: uuid
             * @example 05daecaf-4365-42e8-8370-8127de5dd717
             */
            environment_id: string;
            /**
             * Format: date-time
             * @description When the event was accepted.
             * @example 2021-08-10T10:00:00.000Z
             */
            created_at: string;
            /**
             * Format: uuid
             * @description The webhook that this was sent to.
             * @example 4a4de828-f4db-4c9e-adfd-434e0864c3c7
             */
            webhook_id: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    listEnvironments: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentPage"];
                };
            };
        };
    };
    createEnvironment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateEnvironment"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
        };
    };
    getEnvironment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The environment. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
        };
    };
    deleteEnvironment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    updateEnvironment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateEnvironment"];
            };
        };
        responses: {
            /** @description The environment as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
        };
    };
    getEnvironmentErasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The removal of its data. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentErasure"];
                };
            };
        };
    };
    listApiTokens: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description Only the tokens of this environment. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenPage"];
                };
            };
        };
    };
    createApiToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiToken"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiToken"];
                };
            };
        };
    };
    getApiToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The API token, without `token`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiToken"];
                };
            };
        };
    };
    deleteApiToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sender of the request. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description Only entries of this environment, also of one that was deleted. */
                environment_id?: string;
                /** @description Only what this API token did, or `admin`, or `system`. */
                actor?: string | ("admin" | "system");
                /** @description Only what was done to this environment, API token, webhook or delivery. */
                resource_id?: string;
                /** @description Only entries of this action. */
                action?: components["schemas"]["AuditAction"];
                /** @description Only entries made after this instant. */
                created_after?: string;
                /** @description Only entries made before this instant. */
                created_before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryPage"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description Only the active webhooks, or only the inactive ones. */
                is_active?: boolean;
                /** @description Only the webhooks of which an attempt has failed since the last one that succeeded, or only the others. */
                failing?: boolean;
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookPage"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: {
                /** @description Any text that is unique to this request, such as `order-1045-created`, in printable ASCII. A repeat with the same key and the same content gets the same answer and does nothing again, for IDEMPOTENCY_WINDOW (24 hours by default) at least; with other content it gets 409 `IDEMPOTENCY_CONFLICT`. Keys of other environments and operations are apart. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhook"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhook"];
            };
        };
        responses: {
            /** @description The webhook as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: {
                /** @description Any text that is unique to this request, such as `order-1045-created`, in printable ASCII. A repeat with the same key and the same content gets the same answer and does nothing again, for IDEMPOTENCY_WINDOW (24 hours by default) at least; with other content it gets 409 `IDEMPOTENCY_CONFLICT`. Keys of other environments and operations are apart. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateSecret"];
            };
        };
        responses: {
            /** @description The webhook with its new secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    listWebhookSecrets: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecretPage"];
                };
            };
        };
    };
    listEventTypes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All event types, in the documented order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventTypeList"];
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description Only deliveries to this webhook. */
                webhook_id?: string;
                /** @description Only deliveries of this event. */
                event_id?: string;
                /** @description Only deliveries of events of this type. */
                event_type?: components["schemas"]["DeliveryEventType"];
                /** @description Only deliveries in this status. */
                status?: components["schemas"]["DeliveryStatus"];
                /** @description Only deliveries created after this instant. */
                created_after?: string;
                /** @description Only deliveries created before this instant. */
                created_before?: string;
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPage"];
                };
            };
        };
    };
    getDelivery: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
        };
    };
    retryDelivery: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery is due now. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
        };
    };
    getWebhookRecovery: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The recovery and how far it has come. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recovery"];
                };
            };
        };
    };
    recoverWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Recover"];
            };
        };
        responses: {
            /** @description With `dry_run`: how many deliveries it would queue. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCount"];
                };
            };
            /** @description The recovery has begun. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recovery"];
                };
            };
        };
    };
    stopWebhookRecovery: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The recovery as it ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recovery"];
                };
            };
        };
    };
    getStats: {
        parameters: {
            query?: {
                /** @description How far back to look. Default: `24h`. */
                window?: components["schemas"]["StatsWindow"];
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The statistics. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentStats"];
                };
            };
        };
    };
    getWebhookStats: {
        parameters: {
            query?: {
                /** @description How far back to look. Default: `24h`. */
                window?: components["schemas"]["StatsWindow"];
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The statistics, and how the endpoint is doing. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookStats"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookTest"];
            };
        };
        responses: {
            /** @description The endpoint accepted the event. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTestResult"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description Only events of this type. */
                event_type?: components["schemas"]["DeliveryEventType"];
                /** @description Only events accepted after this instant. */
                created_after?: string;
                /** @description Only events accepted before this instant. */
                created_before?: string;
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
        };
    };
    publishEvent: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: {
                /** @description Any text that is unique to this request, such as `order-1045-created`, in printable ASCII. A repeat with the same key and the same content gets the same answer and does nothing again, for IDEMPOTENCY_WINDOW (24 hours by default) at least; with other content it gets 409 `IDEMPOTENCY_CONFLICT`. Keys of other environments and operations are apart. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishEvent"];
            };
        };
        responses: {
            /** @description Accepted and committed. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
        };
    };
    publishEventBatch: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishEventBatch"];
            };
        };
        responses: {
            /** @description Accepted and committed. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventBatch"];
                };
            };
        };
    };
    getEvent: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventDetail"];
                };
            };
        };
    };
    deleteEvent: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    listEventWebhooks: {
        parameters: {
            query?: {
                /** @description How many items to answer at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, with the same filters; `limit` may differ. */
                next_cursor?: string;
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventWebhookPage"];
                };
            };
        };
    };
    receiveSyncJobRunCreated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunCreatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobRunUpdated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunUpdatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobRunStarted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunStartedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobRunCompleted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunCompletedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobRunFailed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunFailedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobRunRecord: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobRunRecordEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountCreated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountCreatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountUpdated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountUpdatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountActive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountActiveEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountReactivated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountReactivatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountAuthenticationError: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountAuthenticationErrorEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountPostInstallError: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountPostInstallErrorEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountValidationError: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountValidationErrorEnvelope"];
            };
        };
        responses: never;
    };
    receiveIntegratedAccountPostConnectFormSubmitted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntegratedAccountPostConnectFormSubmittedEnvelope"];
            };
        };
        responses: never;
    };
    receiveRecordCreated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordCreatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveRecordUpdated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordUpdatedEnvelope"];
            };
        };
        responses: never;
    };
    receiveRecordDeleted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordDeletedEnvelope"];
            };
        };
        responses: never;
    };
    receiveSyncJobCronTriggerFailed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncJobCronTriggerFailedEnvelope"];
            };
        };
        responses: never;
    };
    receiveBatchJobDryRunCompleted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchJobDryRunCompletedEnvelope"];
            };
        };
        responses: never;
    };
    receiveBatchJobCompleted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchJobCompletedEnvelope"];
            };
        };
        responses: never;
    };
    receiveBatchJobDryRunFailed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchJobDryRunFailedEnvelope"];
            };
        };
        responses: never;
    };
    receiveBatchJobFailed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchJobFailedEnvelope"];
            };
        };
        responses: never;
    };
    receiveTest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestEnvelope"];
            };
        };
        responses: never;
    };
    receiveWebhookDisabled: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookDisabledEnvelope"];
            };
        };
        responses: never;
    };
    receiveDeliveryFailed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeliveryFailedEnvelope"];
            };
        };
        responses: never;
    };
    receiveBacklogOld: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BacklogOldEnvelope"];
            };
        };
        responses: never;
    };
}
