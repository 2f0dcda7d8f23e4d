"""What the file alone shows: exit status 2. Raised by config/, rules/, vindex/ and the commands."""

from connector.model.errors.base import Disposition, RowcastError


class UsageError(RowcastError):
    """The command line names something that does not exist or does not fit together."""

    code = "USAGE"
    disposition = Disposition.OPERATOR
    hint = "Run the command with --help to see its arguments."
    exit_status = 2


class ConfigError(RowcastError):
    """A setting has a value that cannot be, by itself or beside the other settings."""

    code = "CONFIG_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the setting in the configuration file; docs/configuration.md lists every name."
    exit_status = 2


class ConfigNotFound(RowcastError):
    """The configuration file does not exist or cannot be read."""

    code = "CONFIG_NOT_FOUND"
    disposition = Disposition.OPERATOR
    hint = "Give the path of an existing TOML file."
    exit_status = 2


class ConfigSyntaxError(RowcastError):
    """The configuration file is not TOML."""

    code = "CONFIG_SYNTAX"
    disposition = Disposition.OPERATOR
    hint = "The file is not valid TOML; names with dots must be quoted."
    exit_status = 2


class UnknownSetting(RowcastError):
    """The file or the environment has a name that is not a setting."""

    code = "CONFIG_UNKNOWN_NAME"
    disposition = Disposition.OPERATOR
    hint = "Remove the name or spell it as docs/configuration.md does."
    exit_status = 2


class MissingSetting(RowcastError):
    """A setting without a default is not given."""

    code = "CONFIG_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add the setting; docs/configuration.md says what it means."
    exit_status = 2


class UnresolvedReference(RowcastError):
    """A ${env:…} or ${file:…} reference leads to nothing."""

    code = "CONFIG_UNRESOLVED"
    disposition = Disposition.OPERATOR
    hint = "Export the environment variable or create the file that the ${...} reference names."
    exit_status = 2


class RuleUnsupported(RowcastError):
    """A rule uses SQL that is valid and that rowcast does not evaluate."""

    code = "RULE_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Write it with the forms and functions of docs/rules.md; what is not exact there is refused."
    exit_status = 2


class RuleInvalid(RowcastError):
    """A rule is not SQL, or says something that cannot be meant."""

    code = "RULE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the rule's SQL; `rowcast plan FILE` shows how every rule is understood."
    exit_status = 2


class KeyRangeInvalid(RowcastError):
    """A key range, or a list of them, is malformed, overlaps or leaves a gap."""

    code = "KEYRANGE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Key ranges are written as hexadecimal bytes: -80, 40-80, 80-."
    exit_status = 2


class VindexUnknown(RowcastError):
    """A rule or the vschema names a vindex type that rowcast does not have."""

    code = "VINDEX_UNKNOWN"
    disposition = Disposition.OPERATOR
    hint = "Name a vindex type that rowcast has; docs/vindexes.md lists them."
    exit_status = 2


class PositionInvalid(RowcastError):
    """A position given by a person or a server is not one."""

    code = "POSITION_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Write a position as MySQL56/<uuid>:<first>-<last>[,...] or as the plain GTID set."
    exit_status = 2
