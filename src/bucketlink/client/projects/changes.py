"""Making projects, and changing their properties."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_args, overload

from bucketlink.client.checks import checked, wrong_type
from bucketlink.client.graphql.queries import mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.mapping import json_text, read_json, sent
from bucketlink.client.types import AnyInputTypeName, InputTypeName, JsonInterface, ProjectRef, ProjectRow, Row, Texts
from bucketlink.errors import BucketlinkError, InvalidInput

P = ParamSpec("P")
R = TypeVar("R")

_INPUT_TYPES: tuple[str, ...] = get_args(InputTypeName)
_CREATE = mutation("createProject", {"data": "CreateProjectData!"}, ("id", "title", "inputType", "numberOfAssets"))
_CREATE_DATA = {
    "title": "title",
    "description": "description",
    "input_type": "inputType",
    "json_interface": "jsonInterface",
    "compliance_tags": "complianceTags",
    "project_type": "projectType",
}
_UPDATE_DATA = {
    "can_navigate_between_assets": "canNavigateBetweenAssets",
    "can_skip_asset": "canSkipAsset",
    "compliance_tags": "complianceTags",
    "consensus_mark": "consensusMark",
    "consensus_tot_coverage": "consensusTotCoverage",
    "description": "description",
    "honeypot_mark": "honeypotMark",
    "instructions": "instructions",
    "input_type": "inputType",
    "json_interface": "jsonInterface",
    "min_consensus_size": "minConsensusSize",
    "review_coverage": "reviewCoverage",
    "should_relaunch_kpi_computation": "shouldRelaunchKpiComputation",
    "title": "title",
    "use_honeypot": "useHoneyPot",
    "metadata_types": "metadataTypes",
    "metadata_properties": "metadataProperties",
    "should_auto_assign": "shouldAutoAssign",
    "number_of_assets": "numberOfAssets",
    "number_of_skipped_assets": "numberOfSkippedAssets",
    "number_of_remaining_assets": "numberOfRemainingAssets",
    "number_of_reviewed_assets": "numberOfReviewedAssets",
}
_RANGES = {"consensusTotCoverage": (0, 100), "minConsensusSize": (1, 10), "reviewCoverage": (0, 100)}
_TAKES = "It takes "
_ORDERS = (
    f"{_TAKES}title, description, input_type, json_interface; or, as older scripts have it, input_type, json_interface "
    "(a dict), title, description."
)


def _in_either_order(method: Callable[P, R]) -> Callable[..., R]:
    """Take the positions of `create_project` as scripts of every age have them: a dict second is the older order."""

    @functools.wraps(method)
    def either(*args: Any, **kwargs: Any) -> R:  # noqa: ANN401 - the arguments are the method's
        given = args[1:]
        older = len(given) > 1 and isinstance(given[1], dict)
        if older or (given and "title" in kwargs):
            names = ("input_type", "json_interface", "title", "description", "project_type")
            named = dict(zip(names, given, strict=False))
            if len(given) > len(names) or named.keys() & kwargs.keys():
                raise InvalidInput(f"create_project() is given an argument twice, or too many. {_ORDERS}")
            return called(args[0], **named, **kwargs)
        if (len(given) > 2 and given[0] in _INPUT_TYPES and given[2] not in _INPUT_TYPES) or (
            len(given) == 2 and given[1] in _INPUT_TYPES and "input_type" not in kwargs
        ):
            raise InvalidInput(f"create_project() is given its arguments in neither order. {_ORDERS}")
        return called(*args, **kwargs)

    def called(*args: Any, **kwargs: Any) -> R:  # noqa: ANN401
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            if not isinstance(error, BucketlinkError):
                raise
            raise wrong_type(f"{str(error).partition(_TAKES)[0].rstrip()} {_ORDERS}") from None

    return either


class ProjectChanges:
    """The methods that make and change projects."""

    _wire: Wire

    @overload
    def create_project(
        self,
        title: str,
        description: str = "",
        input_type: AnyInputTypeName | None = None,
        json_interface: JsonInterface | None = None,
        project_id: str | None = None,
        tags: Texts | None = None,
        compliance_tags: Texts | None = None,
        from_demo_project: str | None = None,
        pixel_labeling: bool = False,
        *,
        project_type: str | None = None,
    ) -> ProjectRow: ...

    @overload
    def create_project(
        self,
        input_type: AnyInputTypeName,
        json_interface: dict[str, Any],
        title: str,
        description: str = "",
        project_type: str | None = None,
    ) -> ProjectRow: ...

    @_in_either_order
    @checked
    def create_project(
        self,
        title: str,
        description: str = "",
        input_type: AnyInputTypeName | None = None,
        json_interface: JsonInterface | None = None,
        project_id: str | None = None,
        tags: Texts | None = None,
        compliance_tags: Texts | None = None,
        from_demo_project: str | None = None,
        pixel_labeling: bool = False,
        *,
        project_type: str | None = None,
    ) -> ProjectRow:
        """Make a project.

        Positions may also be those of older scripts: ``("IMAGE", {"jobs": {}}, "title", "description")``, with
        the annotation interface, as a dict, in the second place.

        Args:
            title: what people call it; two projects may have one title.
            description: a few words.
            input_type: the kind of data that it annotates (IMAGE, VIDEO, PDF or TEXT), which decides the objects
                that connections take.
            json_interface: its annotation interface, as a dict or as JSON text.
            project_id: cannot be given, as this copies no other project.
            tags: cannot be given, as Bucketlink keeps no tags.
            compliance_tags: sent as they are.
            from_demo_project: cannot be given, as Bucketlink has no demo projects.
            pixel_labeling: cannot be True, as it is about geospatial projects.
            project_type: sent as it is.

        Returns:
            The project's ``id``, ``title``, ``inputType`` and ``numberOfAssets``.

        Raises:
            InvalidInput: no input type, or something that Bucketlink does not have; nothing has been sent then. Or
                in the server's words.
            TypeError: an argument of another type.

        Example:
            >>> client.create_project("Street scenes", input_type="IMAGE")  # doctest: +SKIP
            {'id': 'prj3', 'title': 'Street scenes', 'inputType': 'IMAGE', 'numberOfAssets': 0}

        """
        impossible = {
            "project_id": (project_id, "create_project() copies no other project"),
            "tags": (tags, "Bucketlink keeps no tags"),
            "from_demo_project": (from_demo_project, "Bucketlink has no demo projects"),
            "pixel_labeling": (pixel_labeling, "Bucketlink has no geospatial projects"),
        }
        for name, (value, reason) in impossible.items():
            if value:
                raise InvalidInput(f"{reason}: leave {name} out.")
        if input_type is None:
            raise InvalidInput(f"create_project() needs input_type. {_ORDERS}")
        _check_input_type(input_type)
        data = sent(_CREATE_DATA, locals() | {"json_interface": json_text(json_interface, "json_interface")})
        row: ProjectRow = self._wire.ask(_CREATE, data=data)
        return row

    @checked
    def update_properties_in_project(
        self,
        project_id: str,
        can_navigate_between_assets: bool | None = None,
        can_skip_asset: bool | None = None,
        compliance_tags: Texts | None = None,
        consensus_mark: float | None = None,
        consensus_tot_coverage: int | None = None,
        description: str | None = None,
        honeypot_mark: float | None = None,
        instructions: str | None = None,
        input_type: AnyInputTypeName | None = None,
        json_interface: JsonInterface | None = None,
        min_consensus_size: int | None = None,
        review_coverage: int | None = None,
        should_relaunch_kpi_computation: bool | None = None,
        title: str | None = None,
        use_honeypot: bool | None = None,
        metadata_types: dict[str, Any] | None = None,
        metadata_properties: dict[str, Any] | None = None,
        seconds_to_label_before_auto_assign: int | None = None,
        should_auto_assign: bool | None = None,
        *,
        number_of_assets: int | None = None,
        number_of_skipped_assets: int | None = None,
        number_of_remaining_assets: int | None = None,
        number_of_reviewed_assets: int | None = None,
    ) -> Row:
        """Change the properties of a project that are given; the others stay.

        What Bucketlink has no use for (consensus, honeypots, reviews, metadata, assignment) is kept and answered.

        Args:
            project_id: the project.
            can_navigate_between_assets: kept and answered.
            can_skip_asset: kept and answered.
            compliance_tags: kept and answered.
            consensus_mark: kept and answered.
            consensus_tot_coverage: kept and answered, from 0 to 100.
            description: a few words.
            honeypot_mark: kept and answered.
            instructions: kept and answered.
            input_type: can be none but the project's own.
            json_interface: its annotation interface, as a dict or as JSON text.
            min_consensus_size: kept and answered, from 1 to 10.
            review_coverage: kept and answered, from 0 to 100.
            should_relaunch_kpi_computation: without effect.
            title: what people call it.
            use_honeypot: kept and answered.
            metadata_types: kept and answered.
            metadata_properties: kept and answered.
            seconds_to_label_before_auto_assign: any number is an older way to say ``should_auto_assign=True``.
            should_auto_assign: kept and answered.
            number_of_assets: without effect, as this and the next three are counted.
            number_of_skipped_assets: without effect.
            number_of_remaining_assets: without effect.
            number_of_reviewed_assets: without effect.

        Returns:
            The project's ``id``, and what was given as it is now, by its name on the wire; ``jsonInterface`` as a
            dict.

        Raises:
            InvalidInput: a number outside its range, or in the server's words.
            NotFound: there is no such project.
            Conflict: another input type.
            TypeError: an argument of another type.

        Example:
            >>> client.update_properties_in_project("prj3", title="Streets")  # doctest: +SKIP
            {'id': 'prj3', 'title': 'Streets'}

        """
        if input_type is not None:
            _check_input_type(input_type)
        if should_auto_assign is None and seconds_to_label_before_auto_assign is not None:
            should_auto_assign = True
        data = sent(_UPDATE_DATA, locals() | {"json_interface": json_text(json_interface, "json_interface")})
        for name, (least, most) in _RANGES.items():
            if name in data and not least <= data[name] <= most:
                raise InvalidInput(f"{name} must be from {least} to {most}; it is {data[name]}.")
        return self._update(project_id, data, ("id", *data))

    @checked
    def archive_project(self, project_id: str) -> ProjectRef:
        """Mark a project as archived, so that `projects` leaves it out for ``archived=False``; answers its ``id``.

        Raises:
            NotFound: there is no such project.

        Example:
            >>> client.archive_project("prj3")  # doctest: +SKIP
            {'id': 'prj3'}

        """
        return {"id": self._update(project_id, {"archived": True}, ("id",))["id"]}

    @checked
    def unarchive_project(self, project_id: str) -> ProjectRef:
        """Mark a project as archived no more, and answer its ``id``.

        Raises:
            NotFound: there is no such project.

        Example:
            >>> client.unarchive_project("prj3")  # doctest: +SKIP
            {'id': 'prj3'}

        """
        return {"id": self._update(project_id, {"archived": False}, ("id",))["id"]}

    def _update(self, project_id: str, data: Row, fields: tuple[str, ...]) -> Row:
        arguments = {"data": "ProjectData!", "where": "ProjectWhere!"}
        document = mutation("updatePropertiesInProject", arguments, fields)
        row: Row = self._wire.ask(document, data=data, where={"id": project_id})
        return read_json(row, "jsonInterface")


def _check_input_type(given: AnyInputTypeName) -> None:
    if given not in _INPUT_TYPES:
        there = ", ".join(map(repr, _INPUT_TYPES))
        raise InvalidInput(f"Bucketlink has projects of the input types {there}, and none of {given!r}.")
