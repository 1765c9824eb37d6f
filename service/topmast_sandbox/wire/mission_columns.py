"""Columns of the mission search for JWST and, in small, for HST.

Sandbox's guess: types and descriptions; the real list is longer (header keywords of every
instrument) and nobody recorded it whole.
"""

from dataclasses import dataclass
from typing import Any

_QUAL = {"VARCHAR": "string", "DATETIME": "datetime", "INTEGER": "integer", "FLOAT": "float"}
_DATA = {"VARCHAR": "char", "DATETIME": "datetime", "INTEGER": "long", "FLOAT": "double"}


@dataclass(frozen=True)
class MissionColumn:
    """One column; `default` ones are answered when nothing is selected."""

    name: str
    type: str
    description: str
    default: bool = True

    def entry(self) -> dict[str, str]:
        """Return its entry of ``column_list``."""
        return {
            "field_name": self.description,
            "description": self.description,
            "column_name": self.name,
            "queryable": "yes",
            "qual_type": _QUAL[self.type],
            "default_output": "yes" if self.default else "no",
            "indexed": "no",
            "datatype": _DATA[self.type],
        }

    def info(self) -> dict[str, Any]:
        """Return its entry of a search answer's ``info``."""
        return {"name": self.name, "type": self.type}


JWST = (
    MissionColumn("ArchiveFileID", "INTEGER", "Archive file number"),
    MissionColumn("fileSetName", "VARCHAR", "Dataset ID: the name up to the detector"),
    MissionColumn("productLevel", "VARCHAR", "Processing levels that exist"),
    MissionColumn("targprop", "VARCHAR", "Target name of the proposal"),
    MissionColumn("targ_ra", "FLOAT", "Target right ascension, deg"),
    MissionColumn("targ_dec", "FLOAT", "Target declination, deg"),
    MissionColumn("instrume", "VARCHAR", "Instrument"),
    MissionColumn("exp_type", "VARCHAR", "Exposure type"),
    MissionColumn("opticalElements", "VARCHAR", "Optical elements"),
    MissionColumn("date_obs", "DATETIME", "Start of observation, UTC"),
    MissionColumn("duration", "FLOAT", "Total exposure duration, s"),
    MissionColumn("program", "INTEGER", "Program"),
    MissionColumn("observtn", "INTEGER", "Observation number"),
    MissionColumn("visit", "INTEGER", "Visit number"),
    MissionColumn("publicReleaseDate", "DATETIME", "End of exclusive access, UTC"),
    MissionColumn("pi_name", "VARCHAR", "Principal investigator"),
    MissionColumn("proposal_type", "VARCHAR", "Proposal type"),
    MissionColumn("proposal_cycle", "INTEGER", "Proposal cycle"),
    MissionColumn("targtype", "VARCHAR", "Fixed, moving or generic target"),
    MissionColumn("access", "VARCHAR", "Data rights"),
    MissionColumn("cal_ver", "VARCHAR", "Calibration software version"),
    MissionColumn("s_region", "VARCHAR", "Footprint"),
    MissionColumn("targname", "VARCHAR", "Standard target name", default=False),
    MissionColumn("visit_id", "VARCHAR", "Visit identifier", default=False),
    MissionColumn("tsovisit", "VARCHAR", "Time series visit, t or f", default=False),
    MissionColumn("filter", "VARCHAR", "Filter", default=False),
    MissionColumn("pupil", "VARCHAR", "Pupil wheel element", default=False),
    MissionColumn("grating", "VARCHAR", "Grating", default=False),
    MissionColumn("detector", "VARCHAR", "Detector", default=False),
    MissionColumn("subarray", "VARCHAR", "Subarray", default=False),
    MissionColumn("readpatt", "VARCHAR", "Readout pattern", default=False),
    MissionColumn("template", "VARCHAR", "Observation template", default=False),
    MissionColumn("category", "VARCHAR", "Program category", default=False),
    MissionColumn("title", "VARCHAR", "Proposal title", default=False),
    MissionColumn("nints", "INTEGER", "Integrations", default=False),
    MissionColumn("ngroups", "INTEGER", "Groups", default=False),
    MissionColumn("exsegtot", "INTEGER", "Segments of the exposure", default=False),
    MissionColumn("expstart", "FLOAT", "Start of exposure, MJD", default=False),
    MissionColumn("expend", "FLOAT", "End of exposure, MJD", default=False),
    MissionColumn("crds_ctx", "VARCHAR", "CRDS context", default=False),
)

HST = (
    MissionColumn("sci_data_set_name", "VARCHAR", "Dataset"),
    MissionColumn("sci_targname", "VARCHAR", "Target name"),
    MissionColumn("sci_ra", "FLOAT", "Right ascension, deg"),
    MissionColumn("sci_dec", "FLOAT", "Declination, deg"),
    MissionColumn("sci_actual_duration", "FLOAT", "Exposure time, s"),
    MissionColumn("sci_instrume", "VARCHAR", "Instrument"),
    MissionColumn("sci_spec_1234", "VARCHAR", "Filters and gratings"),
    MissionColumn("sci_pep_id", "INTEGER", "Proposal number"),
    MissionColumn("sci_status", "VARCHAR", "Data rights"),
)

# The HST rows are made from the observations: mission column to CAOM column.
HST_FROM_CAOM = {
    "sci_data_set_name": "obs_id",
    "sci_targname": "target_name",
    "sci_ra": "s_ra",
    "sci_dec": "s_dec",
    "sci_actual_duration": "t_exptime",
    "sci_instrume": "instrument_name",
    "sci_spec_1234": "filters",
    "sci_pep_id": "proposal_id",
    "sci_status": "dataRights",
}
