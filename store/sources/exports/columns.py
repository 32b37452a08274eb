"""The tables of Canvas Data 2 that are used, and the columns that each is documented to have."""

from typing import Final

TABLES: Final[dict[str, frozenset[str]]] = {
    "accounts": frozenset(),
    "courses": frozenset(),
    "course_account_associations": frozenset({"course_id", "account_id", "depth"}),
    "users": frozenset({"uuid"}),
    "pseudonyms": frozenset({"user_id"}),
    "enrollment_terms": frozenset(),
    "course_sections": frozenset({"course_id"}),
    "enrollments": frozenset({"user_id", "course_id", "workflow_state"}),
    "learning_outcome_groups": frozenset({"title", "workflow_state", "updated_at"}),
    "learning_outcomes": frozenset({"short_description", "workflow_state", "updated_at"}),
    "content_tags": frozenset({"tag_type", "content_id", "workflow_state", "updated_at"}),
    "outcome_proficiencies": frozenset({"context_type", "context_id", "workflow_state", "updated_at"}),
    "outcome_proficiency_ratings": frozenset({"outcome_proficiency_id", "points"}),
    "learning_outcome_results": frozenset({"learning_outcome_id", "workflow_state", "updated_at"}),
    "post_policies": frozenset({"post_manually"}),
    "submissions": frozenset({"assignment_id", "user_id"}),
}
"""The tables that are used, in the order in which they are read, and the columns without which they are of no use."""

_OF_ALL: Final = frozenset({"id", "created_at", "updated_at", "workflow_state"})
_COLUMNS: Final = {
    "accounts": """
        brand_config_md5 consortium_parent_account_id course_template_id current_sis_batch_id
        default_group_storage_quota default_locale default_storage_quota default_time_zone
        default_user_storage_quota deleted_at equella_endpoint external_status integration_id lti_context_id
        lti_guid name parent_account_id root_account_id sis_batch_id sis_source_id storage_quota turnitin_account_id
        turnitin_comments turnitin_host turnitin_pledge turnitin_shared_secret uuid
    """,
    "courses": """
        abstract_course_id account_id allow_student_assignment_edits allow_student_discussion_topics
        allow_student_forum_attachments allow_student_wiki_edits allow_wiki_comments conclude_at course_code
        course_format default_view default_wiki_editing_roles enrollment_term_id full_name_translation
        grade_passback_setting grading_standard_id group_weighting_scheme homeroom_course homeroom_course_id indexed
        integration_id is_public license locale lti_context_id name open_enrollment public_description
        public_syllabus public_syllabus_to_auth restrict_enrollments_to_course_dates root_account_id self_enrollment
        settings show_announcements_on_home_page sis_batch_id sis_source_id start_at storage_quota syllabus_body
        sync_enrollments_from_homeroom template template_course_id time_zone turnitin_comments uuid wiki_id
        wiki_page_id
    """,
    "course_account_associations": """
        account_id course_id course_section_id depth
    """,
    "users": """
        avatar_image_source avatar_image_updated_at avatar_image_url avatar_state bio birthdate browser_locale
        collkey country creation_email crocodoc_id deleted_at features_used gender initial_enrollment_type
        integration_id last_logged_out last_user_note locale lti_context_id merged_into_user_id name preferences
        pronouns public root_account_id short_name sis_batch_id sis_source_id sortable_name storage_quota time_zone
        title uuid
    """,
    "pseudonyms": """
        account_id authentication_provider_id communication_channel_id current_login_at current_login_ip
        declared_user_type deleted_at failed_login_count integration_id last_login_at last_login_ip last_request_at
        login_count position sis_batch_id sis_communication_channel_id sis_user_id unique_id user_id
        verification_token
    """,
    "enrollment_terms": """
        end_at grading_period_group_id integration_id name root_account_id sis_batch_id sis_source_id start_at
        term_code
    """,
    "course_sections": """
        accepting_enrollments course_id default_section end_at enrollment_term_id integration_id name
        nonxlist_course_id restrict_enrollments_to_section_dates root_account_id sis_batch_id sis_source_id start_at
    """,
    "enrollments": """
        associated_user_id completed_at course_id course_section_id end_at grade_publishing_status graded_at
        last_activity_at last_attended_at last_publish_attempt_at limit_privileges_to_course_section role_id
        root_account_id self_enrolled sis_batch_id sis_pseudonym_id start_at stuck_sis_fields total_activity_time
        type user_id
    """,
    "learning_outcome_groups": """
        context_id context_type description learning_outcome_group_id migration_id outcome_import_id root_account_id
        root_learning_outcome_group_id source_outcome_group_id title vendor_guid
    """,
    "learning_outcomes": """
        calculation_int calculation_method context_code context_id context_type copied_from_outcome_id data
        description display_name migration_id outcome_import_id root_account_ids short_description vendor_guid
    """,
    "content_tags": """
        associated_asset_id associated_asset_type cloned_item_id comments content_id content_type context_code
        context_id context_module_id context_type external_data indent learning_outcome_id link_settings
        mastery_score migration_id new_tab position root_account_id rubric_association_id tag tag_type title url
    """,
    "outcome_proficiencies": """
        context_id context_type root_account_id
    """,
    "outcome_proficiency_ratings": """
        color description mastery outcome_proficiency_id points root_account_id
    """,
    "learning_outcome_results": """
        artifact_id artifact_type assessed_at associated_asset_id associated_asset_type association_id
        association_type attempt content_tag_id context_code context_id context_type hidden hide_points
        learning_outcome_id mastery original_mastery original_possible original_score percent possible
        root_account_id score submitted_at title user_id user_uuid
    """,
    "post_policies": """
        assignment_id course_id post_manually root_account_id
    """,
    "submissions": """
        anonymous_id assignment_id attachment_id attachment_ids attempt body cached_due_date cached_quiz_lti
        cached_tardiness_status course_id custom_grade_status_id excused extra_attempts grade
        grade_matches_current_submission graded_at grader_id grading_period_id grading_type group_id last_comment_at
        late_policy_status lti_user_id media_comment_id media_comment_type media_object_id points_deducted posted_at
        process_attempts processed proxy_submitter_id published_grade published_score quiz_submission_id
        redo_request resource_link_lookup_uuid root_account_id score seconds_late_override sticker
        student_entered_score submission_comments_count submission_type submitted_at turnitin_data url user_id
    """,
}
KNOWN_COLUMNS: Final = {table: _OF_ALL | frozenset(columns.split()) for table, columns in _COLUMNS.items()}
"""Others are named where they turn up, and left aside."""
