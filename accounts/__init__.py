"""People: sign-up and activation, log-in, roles, the settings and the deletion of an account.

`models` hold the rows, `permissions` the querysets. Then each subject is one module: `sign_up`,
`activation`, `address_change`, `access` (passwords and the revocation of access),
`login_attempts`, `login_sessions`, `second_factor`, `tokens` (of the API), `roles`, `people`,
`deletion`, `duplicate_accounts`, `mail_limits`. `allauth_bridge` holds all that depends on private
parts of allauth.
Entry points are `views`, `forms`, `admin`, `middleware` and the commands.
"""
