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
            /** @description What people call it. */
            name: string;
            /** @description True: also where another environment has the name. When absent: false, and that is a 409. */
            allow_duplicate_name?: boolean;
        };
        Environment: {
            /** @description The id of the environment. */
            id: string;
            /** @description What people call it. */
            name: string;
            /** @description When the environment was created. */
            created_at: string;
            /** @description When the environment was last changed. */
            updated_at: string;
        };
        /** @description What went wrong. A code never changes its meaning. Later versions may have more. */
        ErrorCode: "VALIDATION_FAILED" | "MALFORMED_JSON" | "MALFORMED_REQUEST" | "TARGET_URL_NOT_ALLOWED" | "ENVIRONMENT_REQUIRED" | "ENVIRONMENT_MISMATCH" | "INVALID_CURSOR" | "UNAUTHORIZED" | "FORBIDDEN" | "ROUTE_NOT_FOUND" | "ENVIRONMENT_NOT_FOUND" | "API_TOKEN_NOT_FOUND" | "WEBHOOK_NOT_FOUND" | "EVENT_NOT_FOUND" | "DELIVERY_NOT_FOUND" | "RECOVERY_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "IDEMPOTENCY_CONFLICT" | "ENVIRONMENT_NAME_TAKEN" | "WEBHOOK_LIMIT_REACHED" | "SECRET_LIMIT_REACHED" | "WEBHOOK_INACTIVE" | "RECOVERY_RUNNING" | "WEBHOOK_DELETED" | "EVENT_EXPIRED" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "TEST_DELIVERY_FAILED" | "FAN_OUT_TOO_LARGE" | "HEADERS_TOO_LARGE" | "RATE_LIMITED" | "PENDING_LIMIT_REACHED" | "INTERNAL_ERROR" | "DATABASE_BUSY" | "DATABASE_FULL" | "DATABASE_READ_ONLY" | "DATABASE_OUT_OF_CONNECTIONS" | "DATABASE_OUT_OF_MEMORY" | "DATABASE_CORRUPTED" | "DATABASE_MISCONFIGURED" | "SERVER_BUSY" | "STARTING" | "SHUTTING_DOWN" | (string & {});
        FieldFailure: {
            /** @description The path of the field. */
            field: string;
            /** @description What it must be, for people. */
            message: string;
        };
        /** @description More about an error, for some codes. */
        ErrorDetails: {
            /** @description The fields that do not have the documented form. */
            failures?: components["schemas"]["FieldFailure"][];
            /** @description With `TARGET_URL_NOT_ALLOWED`: the rule that was broken. */
            rule?: string;
            /** @description With `TEST_DELIVERY_FAILED`: the delivery of the test. */
            delivery_id?: string;
            /** @description With `ENVIRONMENT_NAME_TAKEN`: the environment that has the name. */
            environment_id?: string;
            /** @description With `TEST_DELIVERY_FAILED`: the status of the answer; null: there was none. */
            status?: number | null;
            /** @description With `TEST_DELIVERY_FAILED`: how many milliseconds the attempt took. */
            duration_ms?: number;
            /** @description With `TEST_DELIVERY_FAILED`: why there is no answer; null: there is one. */
            error?: components["schemas"]["AttemptError"] | null;
        } & {
            [key: string]: unknown;
        };
        /** @description Every error. Programs may act on `code`, which is stable; `message` is for people. */
        ErrorResponse: {
            /** @description The status of the answer. */
            statusCode: number;
            /** @description The status in words. */
            error: string;
            /** @description What went wrong, for programs. */
            code: components["schemas"]["ErrorCode"];
            /** @description What went wrong, for people. */
            message: string;
            /** @description More about the error; absent where there is nothing more. */
            details?: components["schemas"]["ErrorDetails"];
        };
        EnvironmentPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["Environment"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        UpdateEnvironment: {
            /** @description What people call it. */
            name?: string;
            /** @description True: also where another environment has the name. When absent: false, and that is a 409. */
            allow_duplicate_name?: boolean;
        };
        Deleted: {
            /** @description The id of what was deleted. */
            id: string;
        };
        /**
         * @description Whether data of the environment is still being removed.
         * @enum {string}
         */
        EnvironmentErasureStatus: "running" | "done";
        EnvironmentErasure: {
            /** @description The environment that was deleted. */
            environment_id: string;
            /** @description Whether it is still under way. */
            status: components["schemas"]["EnvironmentErasureStatus"];
            /** @description Rows removed so far, of all tables. */
            removed_rows: number;
            /** @description When the environment was deleted. */
            created_at: string;
            /** @description When the last of it was removed; null while it runs. */
            completed_at: string | null;
        };
        /**
         * @description What a token may do.
         * @enum {string}
         */
        Scope: "webhook:read" | "webhook:write" | "event:read" | "event:write" | "delivery:read" | "delivery:write";
        CreateApiToken: {
            /** @description What people call it; need not be unique. */
            name: string;
            /** @description The environment that the token acts in. */
            environment_id: string;
            /** @description A webhook of the environment. The token sees and changes that one and its deliveries alone, and ends with it; it can hold no scope of events. When absent: everything in the environment. */
            webhook_id?: string;
            /** @description What the token may do. When absent or null: everything; with `webhook_id`: everything but publishing and reading events. */
            scopes?: components["schemas"]["Scope"][] | null;
            /** @description From when the token is refused, a time in the future; never by default. */
            expires_at?: string;
        };
        /** @description What a token may do. Later versions may have more. */
        GrantedScope: "webhook:read" | "webhook:write" | "event:read" | "event:write" | "delivery:read" | "delivery:write" | (string & {});
        CreatedApiToken: {
            /** @description The id of the token, which is not the token. */
            id: string;
            /** @description What people call it; need not be unique. */
            name: string;
            /** @description The environment that the token acts in. */
            environment_id: string;
            /** @description The webhook that the token sees and changes, with its deliveries, and nothing else; null: it reaches everything in its environment. */
            webhook_id: string | null;
            /** @description What the token may do. */
            scopes: components["schemas"]["GrantedScope"][];
            /** @description From when the token is refused; null: never. */
            expires_at: string | null;
            /** @description When it was last used, to the minute; null: not yet. */
            last_used_at: string | null;
            /** @description When the token was created. */
            created_at: string;
            /** @description The bearer token. It is shown this once: only its hash is kept. */
            token: string;
        };
        ApiToken: {
            /** @description The id of the token, which is not the token. */
            id: string;
            /** @description What people call it; need not be unique. */
            name: string;
            /** @description The environment that the token acts in. */
            environment_id: string;
            /** @description The webhook that the token sees and changes, with its deliveries, and nothing else; null: it reaches everything in its environment. */
            webhook_id: string | null;
            /** @description What the token may do. */
            scopes: components["schemas"]["GrantedScope"][];
            /** @description From when the token is refused; null: never. */
            expires_at: string | null;
            /** @description When it was last used, to the minute; null: not yet. */
            last_used_at: string | null;
            /** @description When the token was created. */
            created_at: string;
        };
        ApiTokenPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["ApiToken"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        /**
         * @description The admin token, or an API token of one environment.
         * @enum {string}
         */
        TokenKind: "admin" | "api_token";
        Me: {
            /** @description What kind of token it is. */
            kind: components["schemas"]["TokenKind"];
            /** @description The name of the API token; null for the admin token. */
            name: string | null;
            /** @description The environment that the token acts in; null for the admin token, which names an environment in each request. */
            environment_id: string | null;
            /** @description The webhook that the token sees and changes, with its deliveries, and nothing else; null: it reaches everything in its environment. */
            webhook_id: string | null;
            /** @description What the token may do. */
            scopes: components["schemas"]["GrantedScope"][];
            /** @description From when the token is refused; null: never. */
            expires_at: string | null;
        };
        /**
         * @description What was done. `rotated`: a webhook got a new secret. `retried`: a delivery was. `recovered`: what a webhook missed was asked for.
         * @enum {string}
         */
        AuditActionFilter: "created" | "changed" | "deleted" | "rotated" | "retried" | "recovered";
        /** @description What was done. `rotated`: a webhook got a new secret. `retried`: a delivery was. `recovered`: what a webhook missed was asked for. Later versions may have more. */
        AuditAction: "created" | "changed" | "deleted" | "rotated" | "retried" | "recovered" | (string & {});
        /** @description A kind of resource. Later versions may have more. */
        AuditedResourceType: "environment" | "api_token" | "webhook" | "event" | "delivery" | (string & {});
        AuditEntry: {
            /** @description The id of the entry. */
            id: string;
            /** @description The environment that the resource belongs to, or that it is. */
            environment_id: string;
            /** @description Who did it: the id of an API token, `admin` for the admin token, `system` for Tidings itself. */
            actor: string;
            /** @description What was done. */
            action: components["schemas"]["AuditAction"];
            /** @description What kind of resource it was done to. */
            resource_type: components["schemas"]["AuditedResourceType"];
            /** @description The id of what it was done to. */
            resource_id: string;
            /** @description The names of the fields that a change changed, never what they held; `health` where what was known against an endpoint was forgotten, `recovery` where one was stopped. Empty for any other action. */
            changed_fields: string[];
            /** @description When it was done. */
            created_at: string;
        };
        AuditEntryPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["AuditEntry"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        /**
         * @description What happened. `GET /event-type` describes each type.
         * @enum {string}
         */
        EventType: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed";
        CreateWebhook: {
            /** @description The URL that the payload is sent to. */
            target_url: string;
            /** @description Whether the webhook is active or not. Inactive webhooks will not receive any data. When absent: true. */
            is_active?: boolean;
            /** @description The event types that the webhook is subscribed to. When absent: all of them, those that are added later too. */
            event_types?: components["schemas"]["EventType"][];
        };
        WebhookWithSecret: {
            /** @description The id of the webhook. */
            id: string;
            /** @description The URL that the payload is sent to. */
            target_url: string;
            /** @description Whether the webhook is active or not. Inactive webhooks will not receive any data. */
            is_active: boolean;
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description The event types that the webhook is subscribed to: all of them, if none were specified. It receives no others. */
            event_types: components["schemas"]["EventType"][];
            /** @description When the webhook was created. */
            created_at: string;
            /** @description When the webhook was last changed. */
            updated_at: string;
            /** @description The secret that the payload is signed with. Keep it: no later answer shows it. */
            secret: string;
        };
        /**
         * @description How an endpoint is doing. `failing`: attempts failed since the last that succeeded, and it gets what is due. `down`: many failed in a row; what waits is held, and one at a time is sent to find out whether it is up again. `recovering`: it is up again, and gets what waited little by little. `paused`: it asked for a pause (429). `inactive`: the webhook is.
         * @enum {string}
         */
        EndpointState: "healthy" | "failing" | "paused" | "down" | "recovering" | "inactive";
        Webhook: {
            /** @description The id of the webhook. */
            id: string;
            /** @description The URL that the payload is sent to. */
            target_url: string;
            /** @description Whether the webhook is active or not. Inactive webhooks will not receive any data. */
            is_active: boolean;
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description The event types that the webhook is subscribed to: all of them, if none were specified. It receives no others. */
            event_types: components["schemas"]["EventType"][];
            /** @description When the webhook was created. */
            created_at: string;
            /** @description When the webhook was last changed. */
            updated_at: string;
        };
        WebhookPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["Webhook"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        UpdateWebhook: {
            /** @description The URL that the payload is sent to. */
            target_url?: string;
            /** @description Whether the webhook is active or not. Inactive webhooks will not receive any data. */
            is_active?: boolean;
            /** @description The event types to be subscribed to instead. Null: all types, those that are added later too. */
            event_types?: components["schemas"]["EventType"][] | null;
            /** @description True: subscribes to all types, as null in `event_types` does, for clients that cannot send null. Not beside `event_types`. */
            all_event_types?: boolean;
        };
        RotateSecret: {
            /** @description How long the older secrets stay good beside the new one. 0 ends them at once. When absent: 86400, a day. */
            overlap_seconds?: number;
        };
        WebhookSecret: {
            /** @description The id of the secret, which is not the secret. */
            id: string;
            /** @description When the secret was made. */
            created_at: string;
            /** @description When it stops signing. Null: not before the next rotation. */
            expires_at: string | null;
        };
        WebhookSecretPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["WebhookSecret"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        /** @description The name of an event type. Later versions may have more. */
        ListedEventType: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed" | (string & {});
        EventTypeDescription: {
            /** @description Its name. */
            event_type: components["schemas"]["ListedEventType"];
            /** @description What has happened. */
            description: string;
        };
        EventTypeList: {
            /** @description All event types, in the documented order. */
            result: components["schemas"]["EventTypeDescription"][];
        };
        /**
         * @description The type of an event in the log; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of the installation something.
         * @enum {string}
         */
        EventTypeFilter: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed" | "test" | "webhook.disabled" | "delivery.failed" | "backlog.old";
        /**
         * @description `pending`: an attempt is due, now or later, or running. `failed`: the retry schedule is spent. `canceled`: the webhook was deleted or made inactive, or the delivery was stopped.
         * @enum {string}
         */
        DeliveryStatus: "pending" | "succeeded" | "failed" | "canceled";
        /**
         * @description What kept an attempt from having a response.
         * @enum {string}
         */
        AttemptErrorFilter: "blocked_address" | "dns_error" | "connect_timeout" | "connect_error" | "tls_untrusted_certificate" | "tls_expired_certificate" | "tls_wrong_name" | "tls_weak_certificate" | "tls_client_certificate_required" | "tls_no_common_version" | "tls_no_common_cipher" | "tls_not_spoken" | "tls_timeout" | "tls_error" | "reset" | "timeout" | "response_too_large" | "http2_only" | "protocol_error" | "secret_unavailable" | "payload_unavailable" | "worker_lost";
        /** @description The type of an event in the log; `test` is what `POST /webhook/test` sends, and those with a dot tell the operator of the installation something. Later versions may have more. */
        DeliveryEventType: "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed" | "test" | "webhook.disabled" | "delivery.failed" | "backlog.old" | (string & {});
        /** @description Why a delivery was canceled. `stopped`: its event was deleted or, of a test, the webhook was changed meanwhile. Later versions may have more. */
        CancelReason: "webhook_inactive" | "webhook_deleted" | "stopped" | (string & {});
        /** @description What a delivery that is due waits for. `paused`: its endpoint answered 429 and asked for a pause. `down`: its endpoint is down, and one delivery at a time finds out whether it is up again. `recovering`: its endpoint is up again and gets its deliveries little by little. `capacity`: its turn, or room for another attempt. What to do: `GET /webhook/{id}/health`. Later versions may have more. */
        DeliveryHold: "paused" | "down" | "recovering" | "capacity" | (string & {});
        Delivery: {
            /** @description The id of the delivery. */
            id: string;
            /** @description The event that is delivered. */
            event_id: string;
            /** @description The webhook that it is owed to. */
            webhook_id: string;
            /** @description The environment that the event and the webhook belong to. */
            environment_id: string;
            /** @description The type of the event. */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @description What has become of it so far. */
            status: components["schemas"]["DeliveryStatus"];
            /** @description Attempts made so far. */
            attempt_count: number;
            /** @description When the next attempt is due. Null once the delivery is finished, while an attempt is under way, and while it waits for something that ends at no known time: `held_by` says for what. */
            next_attempt_at: string | null;
            /** @description Why it was canceled; null in any other status. */
            cancel_reason: components["schemas"]["CancelReason"] | null;
            /** @description When the delivery was made. */
            created_at: string;
            /** @description When it was finished; null while it is pending. */
            completed_at: string | null;
            /** @description What it waits for; null while it is not due, under way or finished. */
            held_by: components["schemas"]["DeliveryHold"] | null;
            /** @description Until when it is held, where that is known. */
            held_until: string | null;
        };
        DeliveryPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["Delivery"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        AttemptTimings: {
            /** @description The look-up of the host name; null also where the target is an address or a proxy is used. */
            dns_ms: number | null;
            /** @description Opening the connection, to the egress proxy where one is used. */
            connect_ms: number | null;
            /** @description The TLS handshake; null also where the target is http. */
            tls_ms: number | null;
            /** @description From the first byte sent to the first byte of the answer. */
            first_byte_ms: number | null;
            /** @description What was lost on a connection that was open already and that the receiver closed before it answered. The request was then sent once more, on a new connection, within the same attempt. Null: this did not happen. */
            stale_connection_ms: number | null;
        };
        /**
         * @description `succeeded`: answered 2xx in time. `failed`: anything else.
         * @enum {string}
         */
        AttemptOutcome: "succeeded" | "failed";
        /** @description What kept an attempt from having a response. docs/errors.md says of each what to do. Later versions may have more. */
        AttemptError: "blocked_address" | "dns_error" | "connect_timeout" | "connect_error" | "tls_untrusted_certificate" | "tls_expired_certificate" | "tls_wrong_name" | "tls_weak_certificate" | "tls_client_certificate_required" | "tls_no_common_version" | "tls_no_common_cipher" | "tls_not_spoken" | "tls_timeout" | "tls_error" | "reset" | "timeout" | "response_too_large" | "http2_only" | "protocol_error" | "secret_unavailable" | "payload_unavailable" | "worker_lost" | (string & {});
        AttemptRequest: {
            /** @description Where it was sent. */
            url: string;
            /** @description As sent, signatures included. */
            headers: {
                [key: string]: string;
            };
            /** @description The very bytes that were signed and sent, as UTF-8, put together again from the event. Null: nothing was signed, or the payload was deleted or is past its retention. It is the same in every attempt of a delivery; where that would be over 256 KiB in all, only the newest attempts have it. */
            body: string | null;
        };
        AttemptResponse: {
            /** @description The HTTP status. */
            status: number;
            /** @description `content-type` and `retry-after`. */
            headers: {
                [key: string]: string;
            };
            /** @description The first 4 KiB, as UTF-8. */
            body: string;
            /** @description Whether there was more. */
            body_truncated: boolean;
        };
        Attempt: {
            /** @description Which attempt of the delivery it is, counted from 1. */
            number: number;
            /** @description When it started. */
            started_at: string;
            /** @description Milliseconds, of the whole. */
            duration_ms: number;
            /** @description Where they went. Null: the phase did not happen, as opening a connection that was open already, or did not end. */
            timings: components["schemas"]["AttemptTimings"];
            /** @description What came of it. */
            outcome: components["schemas"]["AttemptOutcome"];
            /** @description Why there is no response; null where there is one. */
            error: components["schemas"]["AttemptError"] | null;
            /** @description What was sent. */
            request: components["schemas"]["AttemptRequest"];
            /** @description What was answered; null when nothing arrived in time. */
            response: components["schemas"]["AttemptResponse"] | null;
        };
        DeliveryDetail: {
            /** @description The id of the delivery. */
            id: string;
            /** @description The event that is delivered. */
            event_id: string;
            /** @description The webhook that it is owed to. */
            webhook_id: string;
            /** @description The environment that the event and the webhook belong to. */
            environment_id: string;
            /** @description The type of the event. */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @description What has become of it so far. */
            status: components["schemas"]["DeliveryStatus"];
            /** @description Attempts made so far. */
            attempt_count: number;
            /** @description When the next attempt is due. Null once the delivery is finished, while an attempt is under way, and while it waits for something that ends at no known time: `held_by` says for what. */
            next_attempt_at: string | null;
            /** @description Why it was canceled; null in any other status. */
            cancel_reason: components["schemas"]["CancelReason"] | null;
            /** @description When the delivery was made. */
            created_at: string;
            /** @description When it was finished; null while it is pending. */
            completed_at: string | null;
            /** @description What it waits for; null while it is not due, under way or finished. */
            held_by: components["schemas"]["DeliveryHold"] | null;
            /** @description Until when it is held, where that is known. */
            held_until: string | null;
            /** @description Every attempt, first to last. */
            attempts: components["schemas"]["Attempt"][];
        };
        WebhookFailure: {
            /** @description When the attempt began. */
            at: string;
            /** @description Why there was no answer; null when there was one. */
            error: components["schemas"]["AttemptError"] | null;
            /** @description The status of the answer. */
            status: number | null;
            /** @description The delivery. `GET /delivery/{id}` has the whole attempt. */
            delivery_id: string;
        };
        WebhookHealth: {
            /** @description How its endpoint is doing. */
            state: components["schemas"]["EndpointState"];
            /** @description Since when it is in this state. */
            since: string;
            /** @description When the pause ends; null unless it is `paused`. */
            paused_until: string | null;
            /** @description From when on the next delivery is sent to find out whether it is up again; null unless it is `down`. */
            next_probe_at: string | null;
            /** @description Deliveries that are not finished. Above 50,000 it may be some seconds old, or less than there are. */
            waiting: number;
            /** @description When it last took a delivery; null: none that is still logged. */
            last_success_at: string | null;
            /** @description The last attempt that failed; null: none since the webhook was made, changed or started afresh. */
            last_failure: components["schemas"]["WebhookFailure"] | null;
        };
        /**
         * @description What a test can send: `test` itself, or the example of an event type.
         * @enum {string}
         */
        TestEventType: "test" | "sync_job_run:created" | "sync_job_run:updated" | "sync_job_run:started" | "sync_job_run:completed" | "sync_job_run:failed" | "sync_job_run:record" | "integrated_account:created" | "integrated_account:updated" | "integrated_account:active" | "integrated_account:reactivated" | "integrated_account:authentication_error" | "integrated_account:post_install_error" | "integrated_account:validation_error" | "integrated_account:post_connect_form_submitted" | "record:created" | "record:updated" | "record:deleted" | "sync_job_cron_trigger:failed" | "batch_job:dry_run_completed" | "batch_job:completed" | "batch_job:dry_run_failed" | "batch_job:failed";
        WebhookTest: {
            /** @description The webhook to test. */
            id: string;
            /** @description Send the example payload of this type. When absent: the event `test` with `{"foo":"bar"}`. */
            event_type?: components["schemas"]["TestEventType"];
        };
        WebhookTestResult: {
            /** @description Always true: when the endpoint did not accept the event, the answer is an error. */
            success: boolean;
            /** @description The delivery. `GET /delivery/{id}` has what was sent and answered. */
            delivery_id: string;
        };
        /** @description Any JSON object. */
        EventPayload: {
            [key: string]: unknown;
        };
        PublishEvent: {
            /** @description What happened. Every active webhook that is subscribed to it receives the event. */
            event_type: components["schemas"]["EventType"];
            /** @description Any JSON object, at most MAX_EVENT_BYTES long (256 KiB by default) and 64 levels deep. Receivers get its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
        };
        Event: {
            /** @description The id of the event, the same in every delivery of it: receivers drop duplicates by it. */
            id: string;
            /** @description The environment that the event belongs to. */
            environment_id: string;
            /** @description The type of the event. */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @description When the event was accepted. */
            created_at: string;
        };
        BatchEvent: {
            /** @description What happened. Every active webhook that is subscribed to it receives the event. */
            event_type: components["schemas"]["EventType"];
            /** @description Any JSON object, at most MAX_EVENT_BYTES long (256 KiB by default) and 64 levels deep. Receivers get its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description Makes this event safe to send again: what `Idempotency-Key` is for a single one. */
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
            /** @description What is on this page, newest first. */
            result: components["schemas"]["Event"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        EventDeliveryCounts: {
            /** @description Those that are pending. */
            pending: number;
            /** @description Those that succeeded. */
            succeeded: number;
            /** @description Those that failed. */
            failed: number;
            /** @description Those that were canceled. */
            canceled: number;
        };
        EventDetail: {
            /** @description The id of the event, the same in every delivery of it: receivers drop duplicates by it. */
            id: string;
            /** @description The environment that the event belongs to. */
            environment_id: string;
            /** @description The type of the event. */
            event_type: components["schemas"]["DeliveryEventType"];
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The payload, its text exactly as it was published. Null: it was deleted. */
            payload: components["schemas"]["EventPayload"] | null;
            /** @description The deliveries of the event by status. */
            deliveries: components["schemas"]["EventDeliveryCounts"];
        };
        /** @description What the webhook was when the event was accepted. `not_subscribed`: to this type. `not_yet_created`: it was made later. Later versions may have more. */
        NotSentReason: "not_subscribed" | "inactive" | "not_yet_created" | "deleted" | (string & {});
        EventWebhook: {
            /** @description The webhook. */
            webhook_id: string;
            /** @description Its delivery of the event; null when it has none, or none yet. */
            delivery_id: string | null;
            /** @description Of that delivery, as it is now; null when there is none. `pending` without a delivery: the event is owed to very many webhooks, and the delivery to this one is made in a moment. */
            status: components["schemas"]["DeliveryStatus"] | null;
            /** @description Why there is no delivery. Null when there is a delivery, and when there was one that is no longer kept. */
            reason: components["schemas"]["NotSentReason"] | null;
        };
        EventWebhookPage: {
            /** @description What is on this page, newest first. */
            result: components["schemas"]["EventWebhook"][];
            /** @description Where the next page starts: the `next_cursor` to ask for; null on the last one. */
            next_cursor: string | null;
            /** @description The limit that was applied. */
            limit: number;
        };
        RecoveryCount: {
            /** @description Deliveries that would be queued. */
            queued: number;
        };
        /**
         * @description `missed`: an event of which there is no delivery to the webhook, because it was inactive, not subscribed or not yet created. The others: a delivery that ended so before the recovery began.
         * @enum {string}
         */
        RecoverableStatus: "missed" | "failed" | "canceled" | "succeeded";
        Recover: {
            /** @description The beginning of the range, included. Events and deliveries are in it by when the event arrived. */
            since: string;
            /** @description The end of the range, not included; now at the latest, which is the default. */
            until?: string;
            /** @description Only these types. When absent or null: those that the webhook is subscribed to now. */
            event_types?: components["schemas"]["EventType"][] | null;
            /** @description What to bring back. When absent or null: missed, failed, canceled. */
            statuses?: components["schemas"]["RecoverableStatus"][] | null;
            /** @description Only count what would be queued. When absent: false. */
            dry_run?: boolean;
        };
        /**
         * @description `running`: it counts, then queues; while 500 deliveries wait for the webhook it adds none, and goes on as they are taken. `done`: everything is queued, which does not mean delivered. `stopped`: by request, or because the webhook became inactive or was deleted.
         * @enum {string}
         */
        RecoveryStatus: "running" | "done" | "stopped";
        Recovery: {
            /** @description The id of the recovery. */
            id: string;
            /** @description The webhook that it is for. */
            webhook_id: string;
            /** @description The beginning of the range, included. */
            since: string;
            /** @description The end of the range, not included. */
            until: string;
            /** @description How far it is. */
            status: components["schemas"]["RecoveryStatus"];
            /** @description What was found to bring back. It grows until the whole range is counted, and only then something is queued. */
            total: number;
            /** @description Deliveries queued so far. In the end less than `total` when some were retried by hand meanwhile. */
            queued: number;
            /** @description When it was asked for. */
            created_at: string;
            /** @description When it was done or stopped; null while it runs. */
            completed_at: string | null;
        };
        /**
         * @description How far statistics look back.
         * @enum {string}
         */
        StatsWindow: "1h" | "24h" | "7d" | "30d";
        StatsTotals: {
            /** @description Deliveries that are pending now, whenever they were created. */
            pending: number;
            /** @description Deliveries that succeeded in the window. */
            succeeded: number;
            /** @description Deliveries that failed in the window, with their schedule spent. */
            failed: number;
            /** @description Deliveries that were canceled in the window. */
            canceled: number;
            /** @description Attempts that ended in the window, whatever they came to. */
            attempts: number;
        };
        StatsLatency: {
            /** @description Half of the attempts took no longer. */
            p50: number | null;
            /** @description 95 % of the attempts took no longer. */
            p95: number | null;
            /** @description 99 % of the attempts took no longer. */
            p99: number | null;
        };
        StatsBucket: {
            /** @description Where it begins. */
            at: string;
            /** @description Deliveries that succeeded in it. */
            succeeded: number;
            /** @description Deliveries that failed in it. */
            failed: number;
            /** @description Deliveries that were canceled in it. */
            canceled: number;
            /** @description How many milliseconds half of the attempts that ended in it took at most; null: there were none. */
            p50_ms: number | null;
            /** @description The same of 95 % of them. */
            p95_ms: number | null;
        };
        EnvironmentStats: {
            /** @description The environment that they are of. */
            environment_id: string;
            /** @description How far back they look. */
            window: components["schemas"]["StatsWindow"];
            /** @description Where the first bucket begins: the window is up to one bucket longer than its name. */
            from: string;
            /** @description The time of this answer. */
            to: string;
            /** @description A delivery that is sent again is pending, and no longer counted where it had ended. */
            totals: components["schemas"]["StatsTotals"];
            /** @description There only where `totals.pending` is not exact: there are more than 50,000, which are not counted for each answer. The number is from some seconds before, or, while they are counted for the first time, how many there are at least. */
            is_pending_estimated?: boolean;
            /** @description Of the deliveries that succeeded or failed in the window, the share that succeeded; null: none did. */
            success_rate: number | null;
            /** @description How many milliseconds attempts took: percentiles of those that ended in the window, within 5 %; null: none did. */
            latency_ms: components["schemas"]["StatsLatency"];
            /** @description Oldest first, without gaps: minutes in `1h`, hours in `24h` and `7d`, days in `30d`, all in UTC. The last one goes on. */
            buckets: components["schemas"]["StatsBucket"][];
        };
        /** @description Why a webhook is inactive. `manual`: by request. `gone`: its endpoint answered 410. `failing`: nothing but failures for days. Later versions may have more. */
        DisabledReason: "manual" | "gone" | "failing" | (string & {});
        WebhookStats: {
            /** @description The webhook that they are of. */
            webhook_id: string;
            /** @description How far back they look. */
            window: components["schemas"]["StatsWindow"];
            /** @description Where the first bucket begins: the window is up to one bucket longer than its name. */
            from: string;
            /** @description The time of this answer. */
            to: string;
            /** @description Whether the webhook receives. */
            is_active: boolean;
            /** @description Since when it does not; null while it does. */
            disabled_at: string | null;
            /** @description Why it does not; null while it does. */
            disabled_reason: components["schemas"]["DisabledReason"] | null;
            /** @description When the first attempt since the last success failed; null: the last attempt succeeded. */
            failing_since: string | null;
            /** @description A delivery that is sent again is pending, and no longer counted where it had ended. */
            totals: components["schemas"]["StatsTotals"];
            /** @description There only where `totals.pending` is not exact: there are more than 50,000, which are not counted for each answer. The number is from some seconds before, or, while they are counted for the first time, how many there are at least. */
            is_pending_estimated?: boolean;
            /** @description Of the deliveries that succeeded or failed in the window, the share that succeeded; null: none did. */
            success_rate: number | null;
            /** @description How many milliseconds attempts took: percentiles of those that ended in the window, within 5 %; null: none did. */
            latency_ms: components["schemas"]["StatsLatency"];
            /** @description Oldest first, without gaps: minutes in `1h`, hours in `24h` and `7d`, days in `30d`, all in UTC. The last one goes on. */
            buckets: components["schemas"]["StatsBucket"][];
        };
        /** @description The recovery that has begun or, with `dry_run`, how many deliveries it would queue. */
        RecoverResult: components["schemas"]["Recovery"] | components["schemas"]["RecoveryCount"];
        /** @description A sync job run was created and waits to start. */
        SyncJobRunCreatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:created";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A sync job run changed, its progress for example. */
        SyncJobRunUpdatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:updated";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A sync job run started. */
        SyncJobRunStartedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:started";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A sync job run finished without an error. */
        SyncJobRunCompletedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:completed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A sync job run ended with an error. */
        SyncJobRunFailedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:failed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A sync job run fetched records of one resource. */
        SyncJobRunRecordEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_run:record";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description An end customer connected an account. */
        IntegratedAccountCreatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:created";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description An account was changed. */
        IntegratedAccountUpdatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:updated";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description An account finished connecting and is ready for use. */
        IntegratedAccountActiveEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:active";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description An account that needed new credentials works again. */
        IntegratedAccountReactivatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:reactivated";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description The credentials of an account are no longer accepted. */
        IntegratedAccountAuthenticationErrorEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:authentication_error";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A step that follows the connecting of an account failed. */
        IntegratedAccountPostInstallErrorEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:post_install_error";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A newly connected account did not pass its checks. */
        IntegratedAccountValidationErrorEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:validation_error";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description The form that follows the connecting of an account was submitted. */
        IntegratedAccountPostConnectFormSubmittedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "integrated_account:post_connect_form_submitted";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A record was created in the connected product. */
        RecordCreatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:created";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A record was changed in the connected product. */
        RecordUpdatedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:updated";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A record was deleted in the connected product. */
        RecordDeletedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "record:deleted";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A schedule could not start its sync job. */
        SyncJobCronTriggerFailedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "sync_job_cron_trigger:failed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description The dry run of a batch job finished. */
        BatchJobDryRunCompletedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:dry_run_completed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A batch job finished. */
        BatchJobCompletedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:completed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description The dry run of a batch job ended with an error. */
        BatchJobDryRunFailedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:dry_run_failed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A batch job ended with an error. */
        BatchJobFailedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "batch_job:failed";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description Somebody asked for a test of the webhook with `POST /webhook/test`. It is sent once, whatever is answered. */
        TestEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "test";
            /** @description What was published, its text exactly as it was written. */
            payload: components["schemas"]["EventPayload"];
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description Tidings made a webhook inactive: its endpoint answered 410, or nothing but failures for days. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        WebhookDisabledEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "webhook.disabled";
            /** @description What the event tells. */
            payload: {
                /** @description The webhook that it is about. */
                webhook_id: string;
                /** @description The environment of what it is about, not of this event. */
                environment_id: string;
                /** @description Host and port of the target. */
                target_host: string;
                /** @description `gone` or `failing`. */
                reason: components["schemas"]["DisabledReason"];
                /** @description When. */
                disabled_at: string;
            };
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description A delivery ended as failed: its retry schedule is spent, or five workers were lost with it. Not one of `POST /webhook/test`. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        DeliveryFailedEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "delivery.failed";
            /** @description What the event tells. */
            payload: {
                /** @description The delivery that failed. */
                delivery_id: string;
                /** @description The event that it was of. */
                event_id: string;
                /** @description The webhook that it is about. */
                webhook_id: string;
                /** @description The environment of what it is about, not of this event. */
                environment_id: string;
                /** @description The type of that event. */
                event_type: components["schemas"]["DeliveryEventType"];
                /** @description Attempts that were made. */
                attempt_count: number;
                /** @description Why the last attempt has no response; null where it has one. */
                error: components["schemas"]["AttemptError"] | null;
                /** @description The status that the last attempt was answered with; null where there is none. */
                response_status: number | null;
                /** @description When the delivery was made. */
                created_at: string;
                /** @description When it ended. */
                failed_at: string;
            };
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
            webhook_id: string;
        };
        /** @description The oldest delivery that only lacks room has been due for OPERATOR_BACKLOG_AGE. Told once, and again after it has been younger than half of that. Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else. */
        BacklogOldEnvelope: {
            /** @description The id of the event, the same in every attempt: drop duplicates by it. */
            id: string;
            /**
             * @description The event type.
             * @constant
             */
            event: "backlog.old";
            /** @description What the event tells. */
            payload: {
                /** @description How long it has been due. */
                oldest_due_seconds: number;
                /** @description OPERATOR_BACKLOG_AGE. */
                limit_seconds: number;
                /** @description Pending deliveries of the whole installation. */
                deliveries: {
                    /** @description They only lack room. */
                    due: number;
                    /** @description They wait for an endpoint that is down or paused. */
                    held: number;
                    /** @description They wait for their next attempt. */
                    later: number;
                    /** @description A replica has them. */
                    leased: number;
                    /** @description They are to be queued yet, of events that owe very many. */
                    owed: number;
                };
                /** @description When the queue was read. */
                seen_at: string;
            };
            /** @description The environment that the webhook belongs to. */
            environment_id: string;
            /** @description When the event was accepted. */
            created_at: string;
            /** @description The webhook that this was sent to. */
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
                /** @description The id of the environment. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the environment. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the environment. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the environment. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the API token. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the API token. A malformed one is answered as one that does not exist. */
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
                /** @description Only what this actor did: the id of an API token, `admin`, or `system`. */
                actor?: string;
                /** @description Only what was done to this environment, API token, webhook or delivery. */
                resource_id?: string;
                /** @description Only entries of this action. */
                action?: components["schemas"]["AuditActionFilter"];
                /** @description Only entries made after this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
                created_after?: string;
                /** @description Only entries made before this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
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
                /** @description Only the webhooks of which `GET /webhook/{id}/health` tells this state. */
                state?: components["schemas"]["EndpointState"];
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. Why it is inactive: `disabled_reason` of `GET /webhook/{id}/stats`. */
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                event_type?: components["schemas"]["EventTypeFilter"];
                /** @description Only deliveries in one of these statuses: `status=failed&status=canceled`, or `status=failed,canceled`. */
                status?: components["schemas"]["DeliveryStatus"][];
                /** @description Only deliveries whose latest attempt was answered with this HTTP status, or with one of a class: `500`, `4xx`, `5xx`. */
                response_status?: string;
                /** @description Only deliveries whose latest attempt got no answer for this reason. */
                error?: components["schemas"]["AttemptErrorFilter"];
                /** @description True: only what `POST /webhook/test` sent. False: all but that, which is the default unless `event_type` is `test`. */
                is_test?: boolean;
                /** @description Only deliveries created after this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
                created_after?: string;
                /** @description Only deliveries created before this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
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
                /** @description The id of the delivery. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the delivery. A malformed one is answered as one that does not exist. */
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
    getWebhookHealth: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The health. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookHealth"];
                };
            };
        };
    };
    clearWebhookHealth: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The health as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookHealth"];
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
                event_type?: components["schemas"]["EventTypeFilter"];
                /** @description Only the event that was published with this idempotency key, as long as the key is remembered: for IDEMPOTENCY_WINDOW (24 hours by default) at least. */
                idempotency_key?: string;
                /** @description True: only what `POST /webhook/test` sent. False: all but that, which is the default unless `event_type` is `test`. */
                is_test?: boolean;
                /** @description Only events accepted after this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
                created_after?: string;
                /** @description Only events accepted before this instant. A date alone, such as `2021-08-10`, is its first instant in UTC. */
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
                /** @description The id of the event. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the event. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the event. A malformed one is answered as one that does not exist. */
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
    getWebhookRecovery: {
        parameters: {
            query?: {
                /** @description The environment to act in. Required with the admin token; an API token may name its own, no other. */
                environment_id?: string;
            };
            header?: never;
            path: {
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                    "application/json": components["schemas"]["RecoverResult"];
                };
            };
            /** @description The recovery has begun. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoverResult"];
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
                /** @description The id of the webhook. A malformed one is answered as one that does not exist. */
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
